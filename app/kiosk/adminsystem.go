package kiosk

import (
	"context"
	"errors"
	"slices"
	"strings"

	"agentid/app/domain"
)

var systemDeeds = map[string]deed{
	"system.set":     {by: admins, about: domain.TargetSetting, form: settingForm, do: setSetting},
	"system.exit":    {by: admins, about: domain.TargetDevice, sure: exitSure, do: exitKiosk},
	"system.restart": {by: admins, about: domain.TargetDevice, sure: restartSure, do: restartKiosk},
}

// showSystem shows what runs here: the doctor's findings, or the settings.
func showSystem(ctx context.Context, c call) (leaf, error) {
	if c.ports.System == nil {
		return leaf{}, errNotHere
	}
	view := c.at.filter["view"]
	if view == "" {
		view = "checks"
	}
	switch {
	case c.at.row != "" && view == "log":
		d, err := c.logDetail(ctx, c.at.row)
		return leaf{detail: d}, err
	case c.at.row != "":
		d, err := c.settingDetail(ctx, c.at.row)
		return leaf{detail: d}, err
	}
	s, err := c.ports.System.System(ctx)
	if err != nil {
		return leaf{}, err
	}
	free := cellBytes(s.FreeBytes)
	if s.FreeBytes < 1<<30 {
		free.Tone = ToneWarn
	}
	l := leaf{figures: []Figure{
		figure("version", cellText(s.Version)), figure("started", cellAge(s.Started)), figure("people", cellCount(s.People)),
		figure("events", cellCount(int(s.Events))), figure("database", cellBytes(s.DatabaseBytes)), figure("free", free),
	}}
	filters := []Choice{choice("view", view, "checks", "log", "settings", "about")}
	do := []AdminButton{
		{ID: "system.restart", Label: words("do.restart"), Icon: "retry"}, {ID: "system.exit", Label: words("do.exit"), Icon: "cross", Grave: true},
	}
	switch view {
	case "log":
		least := c.at.filter["level"]
		filters = append(filters, choice("level", least, "", string(LogWarn), string(LogError)))
		l.figures, do = logFigures(s), nil
		l.table, l.next, err = c.logTable(ctx, LogLevel(least))
	case "settings":
		l.table, l.next, err = c.settingTable(ctx)
	case "about":
		l.table, l.next = c.aboutTable(s)
	default:
		l.table, l.next, err = c.checkTable(ctx)
	}
	if err != nil {
		return leaf{}, err
	}
	l.table.Filters, l.table.Do = filters, do
	return l, nil
}

// aboutTable is what runs here, where it keeps what, and what it is connected
// to.
func (c call) aboutTable(s SystemInfo) (*Table, string) {
	t := &Table{Columns: []Column{column("what", 3), column("value", 9)}, Total: -1}
	file := ""
	if c.ports.Config != nil {
		file = c.ports.Config.File()
	}
	centre := cellText("")
	if s.CentreState != "" {
		centre = cellKey("sync_state." + s.CentreState)
	}
	var list []Row
	for _, x := range []struct {
		key   string
		value Cell
	}{
		{"version", cellText(s.Version)}, {"device", cellText(s.DeviceID)}, {"go", cellText(s.Go)}, {"opencv", cellText(s.OpenCV)},
		{"dlib", cellText(s.Dlib)}, {"sqlite", cellText(s.SQLite)}, {"detector", cellText(s.Detector)}, {"encoder", cellText(s.Encoder)},
		{"config", cellText(file)}, {"data", cellText(s.DataDir)}, {"database", cellBytes(s.DatabaseBytes)},
		{"snapshots", cellBytes(s.SnapshotBytes)}, {"log", logPlace(s)}, {"log_size", logSize(s)}, {"free", cellBytes(s.FreeBytes)},
		{"network", cellText(s.Address)}, {"centre", cellText(s.Centre)}, {"centre_state", centre}, {"centre_error", cellText(s.CentreError)},
	} {
		if x.value.Kind != CellWords || x.value.Words.Key != "" || x.value.Words.Plain != "" {
			list = append(list, Row{Cells: []Cell{cellKey("about." + x.key), x.value}})
		}
	}
	next := paged(c, t, list, func(r Row) Row { return r })
	return t, next
}

// knownChecks have words of their own. What they found is the machine's word.
var knownChecks = []string{"camera", "engine", "events", "disk", "display", "opencv", "dlib", "clock"}

func (c call) checkTable(ctx context.Context) (*Table, string, error) {
	list, err := c.ports.System.Check(ctx)
	if err != nil {
		return nil, "", err
	}
	t := &Table{Columns: []Column{column("check", 2), column("finding", 6), column("mend", 5)}, Empty: words("empty.checks")}
	next := paged(c, t, list, func(x CheckInfo) Row {
		name, detail, mend := cellText(x.Check), cellText(x.Detail), cellText(x.Mend)
		if slices.Contains(knownChecks, x.Check) {
			name = cellKey("check." + x.Check)
			if x.Mend != "" {
				mend = cellKey("mend." + x.Check)
			}
		}
		if x.Detail == "" && x.Tone == ToneOK {
			detail = cellKey("check_fine")
		}
		return Row{Cells: []Cell{toned(name, x.Tone), detail, mend}}
	})
	return t, next, nil
}

func (c call) settingTable(ctx context.Context) (*Table, string, error) {
	if c.ports.Config == nil {
		return nil, "", errNotHere
	}
	list, err := c.ports.Config.Settings(ctx, c.lang)
	if err != nil {
		return nil, "", err
	}
	list = slices.DeleteFunc(list, func(s SettingInfo) bool {
		q := strings.ToLower(c.at.query)
		return !strings.Contains(strings.ToLower(s.Key+" "+s.Help), q)
	})
	t := &Table{
		Columns: []Column{column("setting", 4), column("value", 4), minor(column("help", 7))},
		Search:  words("hint.settings"), Query: c.at.query, Empty: words("empty.search"),
	}
	next := paged(c, t, list, func(s SettingInfo) Row {
		return Row{ID: s.Key, Cells: []Cell{cellText(s.Key), cellText(s.Value), cellText(s.Help)}}
	})
	return t, next, nil
}

// setting finds a setting.
func (c call) setting(ctx context.Context, key string) (SettingInfo, error) {
	if c.ports.Config == nil {
		return SettingInfo{}, errNotHere
	}
	list, err := c.ports.Config.Settings(ctx, c.lang)
	if err != nil {
		return SettingInfo{}, err
	}
	i := slices.IndexFunc(list, func(s SettingInfo) bool { return s.Key == key })
	if i < 0 {
		return SettingInfo{}, domain.ErrNotFound
	}
	return list[i], nil
}

func (c call) settingDetail(ctx context.Context, key string) (*Detail, error) {
	s, err := c.setting(ctx, key)
	if err != nil {
		return nil, err
	}
	d := &Detail{ID: key, Title: plain(key), Fields: []DetailField{
		field("help", cellText(s.Help)), field("value", cellText(s.Value)), field("live", cellKey(map[bool]string{true: "live.now", false: "live.restart"}[s.Live])),
	}}
	if s.Fixed != "" {
		d.Fields = append(d.Fields, field("fixed", toned(cellKey("setting_fixed."+s.Fixed), ToneInfo)))
		return d, nil
	}
	d.Do = []AdminButton{{ID: "system.set", Label: words("do.set"), Icon: "edit", Main: true}}
	return d, nil
}

func settingForm(ctx context.Context, c call) (*Form, error) {
	s, err := c.setting(ctx, c.row)
	if err != nil {
		return nil, err
	}
	if s.Fixed != "" {
		return nil, errNotHere
	}
	f := FormField{ID: "value", Label: plain(s.Key), Hint: plain(s.Help), Kind: FieldText, Value: s.Value, Max: 200}
	switch {
	case s.Switch:
		f.Kind, f.Value = FieldSwitch, map[bool]string{true: "yes", false: "no"}[s.Value == "true"]
	case len(s.Options) > 0:
		f.Kind = FieldChoice
		for _, o := range s.Options {
			f.Options = append(f.Options, Option{Value: o, Label: plain(o)})
		}
	}
	return &Form{Title: words("form.set"), Fields: []FormField{f}, Submit: words("do.save")}, nil
}

// setSetting writes a setting. Its value is not on record: it may be an address
// with a password in it.
func setSetting(ctx context.Context, c call) (outcome, error) {
	return c.set(ctx, c.row, c.values["value"], "value")
}

// set writes a setting that a field of a form, or none, is about.
func (c call) set(ctx context.Context, key, value, beside string) (outcome, error) {
	s, err := c.setting(ctx, key)
	if err != nil {
		return outcome{}, err
	}
	if s.Fixed != "" {
		return outcome{}, errNotHere
	}
	if s.Switch {
		value = map[bool]string{true: "true", false: "false"}[value == "yes"]
	}
	restart, err := c.ports.Config.Set(ctx, c.lang, key, value)
	var wrong *SettingError
	if errors.As(err, &wrong) && beside != "" {
		return outcome{}, fieldErrors{beside: plain(wrong.Text)}
	}
	if err != nil {
		return outcome{}, err
	}
	if err := c.note(ctx, domain.AuditConfigChanged, domain.TargetSetting, key); err != nil {
		return outcome{}, err
	}
	if restart {
		return outcome{said: words("said.set_restart"), tone: ToneWarn}, nil
	}
	return said("said.set"), nil
}

func exitSure(context.Context, call) (*Confirm, error) {
	return &Confirm{Title: words("sure.exit"), Text: words("sure.exit_text"), Yes: words("do.exit"), NeedsPIN: true}, nil
}

func restartSure(context.Context, call) (*Confirm, error) {
	return &Confirm{Title: words("sure.restart"), Text: words("sure.restart_text"), Yes: words("do.restart")}, nil
}

// restartKiosk starts the kiosk again, with all that was set.
func restartKiosk(ctx context.Context, c call) (outcome, error) {
	if c.ports.System == nil {
		return outcome{}, errNotHere
	}
	if err := c.note(ctx, domain.AuditKioskLeft, domain.TargetDevice, "", "how", "restart"); err != nil {
		return outcome{}, err
	}
	return outcome{gone: true, again: true}, nil
}

// exitKiosk leaves the kiosk for the session of the machine.
func exitKiosk(ctx context.Context, c call) (outcome, error) {
	if c.ports.System == nil {
		return outcome{}, errNotHere
	}
	if err := c.note(ctx, domain.AuditKioskLeft, domain.TargetDevice, ""); err != nil {
		return outcome{}, err
	}
	return outcome{gone: true}, nil
}
