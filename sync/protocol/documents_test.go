package protocol

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"agentid/app/domain"
)

const docID = "01890a5d-ac96-774b-bcce-b302099a8057"

// example is a document of the manual.
type example struct {
	kind    ChangeKind
	ref     string
	content string
}

// examples are those of docs/CENTRAL.md: a line of inline code "kind/ref", and
// the JSON block behind it.
func examples(t testing.TB) (list []example) {
	t.Helper()
	raw, err := os.ReadFile("../../docs/CENTRAL.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(string(raw), "\n    PUT …/documents/")[1:] {
		head, body, _ := strings.Cut(part, "\n")
		kind, ref, _ := strings.Cut(strings.TrimSpace(head), "/")
		var b strings.Builder
		for line := range strings.Lines(body) {
			if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "    ") {
				break
			}
			b.WriteString(line)
		}
		list = append(list, example{ChangeKind(kind), strings.ReplaceAll(ref, "%2F", "/"), b.String()})
	}
	return list
}

func TestExamplesOfTheManual(t *testing.T) {
	seen := map[ChangeKind]int{}
	for _, x := range examples(t) {
		if err := CheckDocument(x.kind, x.ref, ContentJSON, x.content); err != nil {
			t.Errorf("%s %s: %v", x.kind, x.ref, err)
		}
		seen[x.kind]++
	}
	for _, k := range []ChangeKind{ChangeConfig, ChangeConsentText, ChangeStaff, ChangeCaseAnswer} {
		if seen[k] == 0 {
			t.Errorf("the manual has no example of %s", k)
		}
	}
}

// with is an example with a member changed; nil removes it.
func with(t *testing.T, kind ChangeKind, member string, value any) string {
	t.Helper()
	for _, x := range examples(t) {
		if x.kind != kind {
			continue
		}
		var m map[string]any
		if err := json.Unmarshal([]byte(x.content), &m); err != nil {
			t.Fatal(err)
		}
		if m[member] = value; value == nil {
			delete(m, member)
		}
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	t.Fatalf("no example of %s", kind)
	return ""
}

func TestCheckDocumentRefuses(t *testing.T) {
	long := strings.Repeat("x", 700)
	section := func(text string) []any { return []any{map[string]any{"heading": "Plazo", "text": text}} }
	for name, tt := range map[string]struct {
		kind         ChangeKind
		ref, content string
		says         string
	}{
		"ref with dots first":      {ChangeConfig, "../site", `{"lang":"es"}`, "ref"},
		"no such config":           {ChangeConfig, "branch/Centro", `{"lang":"es"}`, "ref"},
		"config of no kiosk":       {ChangeConfig, "kiosk/7", `{"lang":"es"}`, "ref"},
		"a path":                   {ChangeConfig, "site", `{"faq.dir":"/etc"}`, `"faq.dir"`},
		"a command":                {ChangeConfig, "site", `{"voice.command":"spd-say"}`, `"voice.command"`},
		"the centre's address":     {ChangeConfig, "site", `{"centre.url":"https://evil.example"}`, `"centre.url"`},
		"a key file":               {ChangeConfig, "site", `{"badge.key_file":"/tmp/k"}`, `"badge.key_file"`},
		"a camera":                 {ChangeConfig, "site", `{"camera.url":"http://x/"}`, `"camera.url"`},
		"an unknown key":           {ChangeConfig, "site", `{"ui.width":800}`, `"ui.width"`},
		"a key twice":              {ChangeConfig, "site", `{"lang":"es","lang":"en"}`, "content"},
		"nothing":                  {ChangeConfig, "site", `{}`, "sets nothing"},
		"null":                     {ChangeConfig, "site", `null`, "sets nothing"},
		"no JSON":                  {ChangeConfig, "site", `lang = "es"`, "content"},
		"a number as text":         {ChangeConfig, "site", `{"recognition.votes":"3"}`, "recognition.votes"},
		"a text as number":         {ChangeConfig, "site", `{"site.branch":3}`, "site.branch"},
		"half a vote":              {ChangeConfig, "site", `{"recognition.votes":2.5}`, "recognition.votes"},
		"too many votes":           {ChangeConfig, "site", `{"recognition.votes":10}`, "recognition.votes"},
		"no number":                {ChangeConfig, "site", `{"recognition.margin":null}`, "recognition.margin"},
		"a time without a unit":    {ChangeConfig, "site", `{"liveness.timeout":"10"}`, "liveness.timeout"},
		"too short a time":         {ChangeConfig, "site", `{"liveness.timeout":"1s"}`, "liveness.timeout"},
		"a level that is none":     {ChangeConfig, "site", `{"log.level":"trace"}`, "log.level"},
		"two lines":                {ChangeConfig, "site", `{"site.branch":"a\nb"}`, "site.branch"},
		"too long":                 {ChangeConfig, "site", `{"site.branch":"` + long + `"}`, "site.branch"},
		"text in no language":      {ChangeConsentText, "2027-1/fr", with(t, ChangeConsentText, "title", "x"), "ref"},
		"text without a version":   {ChangeConsentText, "/es", with(t, ChangeConsentText, "title", "x"), "ref"},
		"version with a place":     {ChangeConsentText, "a:b/es", with(t, ChangeConsentText, "title", "x"), "ref"},
		"text without a date":      {ChangeConsentText, "2027-1/es", with(t, ChangeConsentText, "effective", nil), "effective"},
		"text without sections":    {ChangeConsentText, "2027-1/es", with(t, ChangeConsentText, "sections", []any{}), "sections"},
		"text without how long":    {ChangeConsentText, "2027-1/es", with(t, ChangeConsentText, "sections", section("Para siempre.")), "how long"},
		"a place that is not":      {ChangeConsentText, "2027-1/es", with(t, ChangeConsentText, "sections", section("{period} {name}")), "sections[0].text"},
		"text too long":            {ChangeConsentText, "2027-1/es", with(t, ChangeConsentText, "sections", section("{period}"+long)), "sections[0].text"},
		"one answer":               {ChangeConsentText, "2027-1/es", with(t, ChangeConsentText, "refuse", "Acepto"), "answers"},
		"text without a title":     {ChangeConsentText, "2027-1/es", with(t, ChangeConsentText, "title", nil), "title"},
		"period without a number":  {ChangeConsentText, "2027-1/es", with(t, ChangeConsentText, "period_many", "meses"), "period_many"},
		"text and more":            {ChangeConsentText, "2027-1/es", with(t, ChangeConsentText, "more", 1), "content"},
		"staff of no id":           {ChangeStaff, "ana", with(t, ChangeStaff, "name", "Ana"), "ref"},
		"staff without a login":    {ChangeStaff, docID, with(t, ChangeStaff, "login", nil), "login"},
		"login in capitals":        {ChangeStaff, docID, with(t, ChangeStaff, "login", "ANA"), "login"},
		"staff of no role":         {ChangeStaff, docID, with(t, ChangeStaff, "role", "root"), "role"},
		"staff without a name":     {ChangeStaff, docID, with(t, ChangeStaff, "name", " "), "name"},
		"a pin":                    {ChangeStaff, docID, with(t, ChangeStaff, "pin", "135790"), "content"},
		"a code in the clear":      {ChangeStaff, docID, with(t, ChangeStaff, "code", map[string]any{"hash": "ABCD-EFGH", "expires": "2027-01-01T00:00:00Z"}), "code"},
		"a code for ever":          {ChangeStaff, docID, with(t, ChangeStaff, "code", map[string]any{"hash": strings.Repeat("a", 64)}), "code"},
		"a code to what is closed": {ChangeStaff, docID, with(t, ChangeStaff, "closed", true), "code"},
		"a branch without a name":  {ChangeStaff, docID, with(t, ChangeStaff, "branches", []string{""}), "branches"},
		"answer to no case":        {ChangeCaseAnswer, "7", with(t, ChangeCaseAnswer, "by", "x"), "ref"},
		"no answer":                {ChangeCaseAnswer, docID, with(t, ChangeCaseAnswer, "text", ""), "text"},
		"a long answer":            {ChangeCaseAnswer, docID, with(t, ChangeCaseAnswer, "text", long), "text"},
		"answer by nobody":         {ChangeCaseAnswer, docID, with(t, ChangeCaseAnswer, "by", nil), "by"},
		"answer in no language":    {ChangeCaseAnswer, docID, with(t, ChangeCaseAnswer, "lang", "fr"), "lang"},
		"answer at no time":        {ChangeCaseAnswer, docID, with(t, ChangeCaseAnswer, "at", nil), "at"},
	} {
		err := CheckDocument(tt.kind, tt.ref, ContentJSON, tt.content)
		if !errors.Is(err, ErrContent) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want one that says %q", name, err, tt.says)
		}
	}
	if err := CheckDocument(ChangeConfig, ConfigOfSite, "text/plain", `{"lang":"es"}`); !errors.Is(err, ErrContent) {
		t.Errorf("plain text: %v", err)
	}
	if err := CheckDocument(ChangePerson, docID, ContentJSON, "{}"); !errors.Is(err, ErrUnknownKind) {
		t.Errorf("a person: %v", err)
	}
}

func TestParseConfig(t *testing.T) {
	got, err := ParseConfig(ConfigOfKiosk(docID), `{"recognition.votes": 4, "recognition.threshold": 3.5e-1, "lang":"en", "recognition.recheck":"2s", "sync.rate_kbps": 1000000}`)
	want := map[string]string{"recognition.votes": "4", "recognition.threshold": "0.35", "lang": "en", "recognition.recheck": "2s", "sync.rate_kbps": "1000000"}
	if err != nil || len(got) != len(want) {
		t.Fatalf("%v, %v", got, err)
	}
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s = %q, want %q", k, got[k], v)
		}
	}
}

// The code of one member opens nothing of another, and is taken as people type it.
func TestStaffCode(t *testing.T) {
	const other = domain.StaffID("01890a5d-ac96-774b-bcce-b302099a8058")
	code, hash := NewStaffCode(docID)
	if !ValidHash(hash) || strings.Contains(hash, code) {
		t.Fatalf("%s", hash)
	}
	same := func(id domain.StaffID, typed string) bool { return encode(StaffCodeHash(id, typed)) == hash }
	if !same(docID, code) || !same(docID, strings.ToLower(strings.ReplaceAll(code, "-", " "))) {
		t.Error("the code does not open what it is for")
	}
	if same(other, code) {
		t.Error("it opens another account")
	}
	for _, bad := range []string{"", "AAAA", code + "A", strings.Repeat("A", 1<<20), "¡!"} {
		if h := StaffCodeHash(docID, bad); h != nil {
			t.Errorf("%d characters are a code: %x", len(bad), h)
		}
	}
	if again, _ := NewStaffCode(docID); again == code {
		t.Error("twice the same code")
	}
}

func encode(b []byte) string {
	const digits = "0123456789abcdef"
	var s strings.Builder
	for _, c := range b {
		s.WriteByte(digits[c>>4])
		s.WriteByte(digits[c&15])
	}
	return s.String()
}

func TestStaffAtBranch(t *testing.T) {
	for _, tt := range []struct {
		a    StaffAccount
		want bool
	}{
		{StaffAccount{}, true}, {StaffAccount{Branches: []string{"Sur"}}, false},
		{StaffAccount{Branches: []string{"Sur", "Centro"}}, true}, {StaffAccount{Closed: true}, false},
		{StaffAccount{Branches: []string{"centro"}}, false},
	} {
		if got := tt.a.At("Centro"); got != tt.want {
			t.Errorf("%+v: %v", tt.a, got)
		}
	}
}

// What is taken is within its limits, and is taken again as it was written.
func FuzzCheckDocument(f *testing.F) {
	for _, x := range examples(f) {
		f.Add(string(x.kind), x.ref, x.content)
	}
	f.Add("config", "site", `{"lang":"es","recognition.votes":9}`)
	f.Add("staff", docID, `{"login":"ana","name":"A","role":"admin","code":null}`)
	f.Fuzz(func(t *testing.T, kind, ref, content string) {
		k := ChangeKind(kind)
		if err := CheckDocument(k, ref, ContentJSON, content); err != nil {
			if !errors.Is(err, ErrContent) && !errors.Is(err, ErrUnknownKind) {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		switch k {
		case ChangeConfig:
			got, err := ParseConfig(ref, content)
			if err != nil || len(got) == 0 {
				t.Fatalf("%v, %v", got, err)
			}
			for key, v := range got {
				if _, ok := ConfigKeys()[key]; !ok || len(v) > MaxLabel*4 || strings.ContainsAny(v, "\n\x00") {
					t.Fatalf("%s = %q", key, v)
				}
			}
		case ChangeConsentText:
			c, err := ParseConsentText(ref, content)
			if err != nil || c.Version+"/"+string(c.Lang) != ref || len(c.Sections) == 0 || len(c.Sections) > maxSections {
				t.Fatalf("%+v, %v", c, err)
			}
		case ChangeStaff:
			a, err := ParseStaff(ref, content)
			if login, lerr := domain.CleanLogin(a.Login); err != nil || lerr != nil || login != a.Login || !a.Role.Valid() {
				t.Fatalf("%+v, %v", a, err)
			}
		case ChangeCaseAnswer:
			a, err := ParseCaseAnswer(ref, content)
			if err != nil || a.Text == "" || strings.Contains(a.Text, "\n") {
				t.Fatalf("%+v, %v", a, err)
			}
		}
	})
}
