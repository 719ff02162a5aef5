package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"agentid/app/config"
	"agentid/app/domain"
	"agentid/app/store"
	"agentid/assets"
	"agentid/sync/client"
	"agentid/sync/protocol"
)

// settingBranch keeps the branch that this kiosk was last known to stand in.
const settingBranch = "centre.branch"

// reviewDocuments takes out of a page the documents that this kiosk cannot go
// by, whole: what was there before stays. It says why, for the sync's notes.
// What is none of this kiosk's is taken out without a word. Beside what is damaged
// here no configuration can be judged: taken back, it can be published again. With
// an error the page is not to be applied yet.
func (p *program) reviewDocuments(ctx context.Context, page domain.CentrePage) (domain.CentrePage, []string, error) {
	var notes []string
	var keep []domain.CentreChange
	configs, unread := p.configDocuments(ctx)
	switch {
	case ctx.Err() != nil: // then the page cannot be applied either, which says so
		return page, nil, nil
	case unread != nil && !errors.Is(unread, store.ErrCorrupt):
		return page, nil, unread
	}
	refuse := func(d domain.Document, why string) {
		notes = append(notes, fmt.Sprintf("%s %s: %s", d.Kind, d.Ref, why))
	}
	for _, c := range page.Changes {
		if c.GoneDocument != nil && c.GoneDocument.Kind == domain.DocumentConfig {
			delete(configs, c.GoneDocument.Ref)
		}
		if c.Document == nil {
			keep = append(keep, c)
			continue
		}
		d := *c.Document
		switch d.Kind {
		case domain.DocumentConfig:
			if d.Ref != protocol.ConfigOfSite && d.Ref != protocol.ConfigOfKiosk(p.store.DeviceID()) {
				continue
			}
			if unread != nil {
				refuse(d, "what is published already cannot be read: "+unread.Error())
				continue
			}
			was, had := configs[d.Ref]
			configs[d.Ref] = d.Content
			if err := p.mayConfigure(configs); err != nil {
				refuse(d, err.Error())
				if configs[d.Ref] = was; !had {
					delete(configs, d.Ref)
				}
				continue
			}
		case domain.DocumentConsentText:
			if err := p.mayAskBy(ctx, d); err != nil {
				refuse(d, err.Error())
				continue
			}
		}
		keep = append(keep, c)
	}
	page.Changes = keep
	return page, notes, nil
}

// takeDocuments has the running kiosk go by the documents of a page that is
// applied, and by what is due of others. It tells what could not be taken.
func (p *program) takeDocuments(ctx context.Context, page domain.CentrePage) []string {
	came := map[string]map[string]bool{} // refs, by kind
	for _, c := range page.Changes {
		for _, d := range []*domain.Document{c.Document, c.GoneDocument} {
			if d != nil && came[d.Kind] == nil {
				came[d.Kind] = map[string]bool{}
			}
			if d != nil {
				came[d.Kind][d.Ref] = true
			}
		}
	}
	for _, kind := range []string{domain.DocumentConfig, domain.DocumentConsentText, domain.DocumentStaff} {
		if came[kind] != nil {
			p.due.add(kind)
		}
	}
	staff := came[domain.DocumentStaff]
	return p.takeDue(ctx, func(id domain.StaffID) bool { return staff[string(id)] })
}

// openDocuments has a kiosk that starts go by what the centre had published: it
// may be offline. Whatever cannot be taken is no reason not to start. One that
// has left its centre shows its own texts, and looks after its accounts itself.
func (p *program) openDocuments(ctx context.Context) {
	if p.c.cfg.Centre.URL == "" {
		return
	}
	p.due.add(domain.DocumentConsentText)
	p.due.add(domain.DocumentStaff)
	p.say(p.takeDue(ctx, allStaff))
}

// say logs what of the centre's documents was not taken.
func (p *program) say(notes []string) {
	for _, n := range notes {
		p.c.log.Warn("document of the centre was not taken", slog.String("what", n))
	}
}

// failedTo is a note of what could not be done.
func failedTo(what string, err error) []string {
	return []string{fmt.Sprintf("%s: %v", what, err)}
}

// mayAskBy tells whether a text of consent may be taken. A version's words do
// not change: consents are to them.
func (p *program) mayAskBy(ctx context.Context, d domain.Document) error {
	version, _, _ := strings.Cut(d.Ref, "/")
	for _, own := range assets.ConsentVersions() {
		if version == own {
			return errors.New("the program has a text of that version")
		}
	}
	was, err := p.store.CentreDocument(ctx, d.Kind, d.Ref)
	if errors.Is(err, domain.ErrNotFound) {
		return nil
	}
	if err == nil && was.Content != d.Content {
		err = errors.New("another text of that version is out")
	}
	return err
}

// takeTexts has the newest text of consent shown.
func (p *program) takeTexts(ctx context.Context) (notes []string, err error) {
	list, err := p.store.CentreDocuments(ctx, domain.DocumentConsentText)
	if err != nil {
		return nil, err
	}
	return p.consents.take(list), nil
}

// branch is the one that this kiosk was enrolled for; "" before it was.
func (p *program) branch(ctx context.Context) (string, error) {
	known, err := p.store.Setting(ctx, settingBranch)
	if err != nil && !errors.Is(err, domain.ErrNotFound) {
		return "", err
	}
	if p.link == nil {
		return known, nil
	}
	_, m := p.link.now()
	if m.Branch == "" || m.Branch == known { // not asked yet, since the start
		return known, nil
	}
	return m.Branch, p.store.SetSetting(ctx, settingBranch, m.Branch)
}

// joined has the accounts of staff be those of the branch that this kiosk was
// enrolled for, where that is another than before.
func (p *program) joined(ctx context.Context, m client.Membership) {
	known, err := p.store.Setting(ctx, settingBranch)
	if m.Branch == "" || err == nil && m.Branch == known {
		return
	}
	p.due.add(domain.DocumentStaff)
	nudge(p.due.wake)
}

// takeStaff makes the accounts of staff what the centre wants. It tells why one
// was refused where that is news.
func (p *program) takeStaff(ctx context.Context, news func(domain.StaffID) bool) (notes []string, err error) {
	list, err := p.store.CentreDocuments(ctx, domain.DocumentStaff)
	if err != nil {
		return nil, err
	}
	branch, err := p.branch(ctx)
	if err != nil {
		return nil, err
	}
	var want []domain.CentreAccount
	for _, d := range list {
		a, err := protocol.ParseStaff(d.Ref, d.Content)
		if err != nil { // taken by an older program: closed, rather than kept unread
			p.say(failedTo("staff "+d.Ref, err))
			continue
		}
		want = append(want, centreAccount(domain.StaffID(d.Ref), a, branch))
	}
	done, err := p.store.SyncStaff(ctx, want)
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(done.Refused)) {
		if news(id) {
			notes = append(notes, fmt.Sprintf("%s %s: %s", domain.DocumentStaff, id, done.Refused[id]))
		}
	}
	if done.NoAdmin {
		notes = append(notes, "staff: no administrator is left who can sign in. Make one with the code on this kiosk's console: agentid staff setup-code")
		p.sayFirstRun(context.WithoutCancel(ctx))
	}
	if done.Changed && p.machine != nil {
		p.machine.RecheckStaff()
	}
	return notes, nil
}

// centreAccount is what a document wants at the kiosks of a branch.
func centreAccount(id domain.StaffID, a protocol.StaffAccount, branch string) domain.CentreAccount {
	out := domain.CentreAccount{ID: id, Login: a.Login, Name: a.Name, Role: a.Role, Closed: !a.At(branch)}
	if a.Code != nil {
		out.Code, out.Until = protocol.HashBytes(a.Code.Hash), a.Code.Expires
	}
	return out
}

// staffCodes are the one-time codes of the centre's accounts.
type staffCodes struct{ store *store.Store }

// StaffCodes implements kiosk.StaffCodes.
func (c staffCodes) StaffCodes(ctx context.Context) (bool, error) { return c.store.StaffCodes(ctx) }

// UseStaffCode implements kiosk.StaffCodes.
func (c staffCodes) UseStaffCode(ctx context.Context, login, code, pin string) (domain.Staff, error) {
	return c.store.UseStaffCode(ctx, login, func(id domain.StaffID) []byte { return protocol.StaffCodeHash(id, code) }, pin)
}

// firstProblem is what is wrong with a configuration, in short.
func firstProblem(err error) error {
	var e *config.Error
	if errors.As(err, &e) && len(e.Problems) > 0 {
		return errors.New(e.Problems[0].In(domain.English))
	}
	return err
}
