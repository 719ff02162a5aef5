package kiosk

import (
	"image"
	"time"

	"agentid/app/domain"
)

// StateAdmin is the branch's own part of the kiosk, for staff who signed in.
const StateAdmin State = "admin"

// AdminPage is a page of the admin tab.
type AdminPage string

// The pages, in the order of the sidebar.
const (
	PageToday       AdminPage = "today"
	PagePeople      AdminPage = "people"
	PageEvents      AdminPage = "events"
	PageReview      AdminPage = "review"
	PageCases       AdminPage = "cases"
	PageFAQ         AdminPage = "faq"
	PageCameras     AdminPage = "cameras"
	PageSync        AdminPage = "sync"
	PageRecognition AdminPage = "recognition"
	PageStaff       AdminPage = "staff"
	PageAudit       AdminPage = "audit"
	PageSystem      AdminPage = "system"
)

// AdminStep is how far somebody is in.
type AdminStep string

// The steps.
const (
	AdminSignIn AdminStep = "sign_in" // login and PIN, or a staff badge
	AdminSetup  AdminStep = "setup"   // first run: one-time code, name, login, PIN
	AdminCode   AdminStep = "code"    // a one-time code of the centre, login, new PIN
	AdminOpen   AdminStep = "open"
)

// Admin is the admin tab as a value. A page is made of the same few parts, all
// of which may be absent: figures, a plot, a table, the detail of one row, a
// form. The screen draws any of them, and knows none of the pages.
//
// Words are keys of the texts ("admin." before them) unless a field says that it
// is text: what people wrote, ids and file names.
type Admin struct {
	Step    AdminStep
	PIN     PINEntry    // AdminSignIn, AdminSetup
	Badge   SignInBadge // AdminSignIn
	Problem Words       // AdminSetup, AdminCode: what is wrong with what was written
	Codes   bool        // AdminSignIn: somebody may set their PIN with a code

	Who     string // text: the name of who signed in
	Role    domain.Role
	Pages   []AdminPage // that this role may open
	Page    AdminPage
	Figures []Figure
	Plots   []Plot
	Table   *Table
	Detail  *Detail
	Form    *Form
	// Confirm asks before something that cannot be undone.
	Confirm *Confirm
	// Notice tells how the last thing done ended.
	Notice Words
	Tone   Tone // of Notice
	Busy   bool
	// Stop, where it has a key, is a button that ends what keeps the tab busy:
	// StepBack.
	Stop Words
}

// Words are a text by its key, with what stands in its places. Plain, where Key
// is empty, is text as it is.
type Words struct {
	Key    string
	Values map[string]string
	Plain  string
}

// Tone is what a value means beside its words: an icon and a colour.
type Tone string

// The tones.
const (
	ToneNone Tone = ""
	ToneOK   Tone = "ok"
	ToneWarn Tone = "warn"
	ToneStop Tone = "stop"
	ToneInfo Tone = "info"
)

// Figure is one number, large, with its label.
type Figure struct {
	Label Words
	Value Cell
}

// CellKind is how a cell is written in the reader's language.
type CellKind string

// The kinds of cell.
const (
	CellWords   CellKind = "words"
	CellTime    CellKind = "time" // date and time
	CellDay     CellKind = "day"
	CellAge     CellKind = "age" // how long ago
	CellNumber  CellKind = "number"
	CellBytes   CellKind = "bytes"
	CellPercent CellKind = "percent" // Number is 0..1
	CellPicture CellKind = "picture"
)

// Cell is one value.
type Cell struct {
	Kind    CellKind
	Words   Words
	Time    time.Time
	Number  float64
	Digits  int // after the point
	Picture *image.RGBA
	Tone    Tone
}

// Column is a column of a table: its share of the width, and whether small
// screens leave it out.
type Column struct {
	Label Words
	Share float64
	Minor bool
	Right bool // numbers stand at the right
	Whole bool // never cut, as what tells the rows apart
}

// Row is a row of a table.
type Row struct {
	ID    string
	Cells []Cell
	Mark  bool // chosen
}

// Table is a page of a list. Lists page by buttons, forward and back.
type Table struct {
	Columns []Column
	Rows    []Row
	// Search says what can be searched for, as a hint; "" for no search. Query is
	// what was searched for (text).
	Search Words
	Query  string
	// Filters are choices above the table.
	Filters []Choice
	Prev    bool
	Next    bool
	// From and To are the rows shown, of Total; Total is -1 where nobody counted.
	From, To, Total int
	Empty           Words // what an empty list says
	// Do are buttons for the whole list: add, export.
	Do []AdminButton
}

// Choice is a filter: one of several.
type Choice struct {
	ID      string
	Label   Words
	Options []Option
	Value   string // of the option chosen
}

// Option is one of a choice.
type Option struct {
	Value string
	Label Words
}

// Detail is one row in full.
type Detail struct {
	ID      string
	Title   Words
	Picture *image.RGBA
	Fields  []DetailField
	Tables  []Table // lists within: templates, badges, events of a person
	Do      []AdminButton
}

// DetailField is one line of a detail.
type DetailField struct {
	Label Words
	Value Cell
}

// AdminButton does something; Need is asked before.
type AdminButton struct {
	ID    string // of AdminDo
	Label Words
	Icon  string // "plus", "trash", "check", "cross", "printer", "retry", "edit", "download", "user", "camera", "search"
	Grave bool   // cannot be undone: it asks first
	Main  bool
}

// FieldKind is what a form's field takes.
type FieldKind string

// The kinds of field.
const (
	FieldText   FieldKind = "text"
	FieldLong   FieldKind = "long" // several lines
	FieldNumber FieldKind = "number"
	FieldPIN    FieldKind = "pin"
	FieldChoice FieldKind = "choice"
	FieldSwitch FieldKind = "switch" // Value "yes" or "no"
)

// FormField is one field of a form.
type FormField struct {
	ID      string
	Label   Words
	Hint    Words
	Kind    FieldKind
	Value   string
	Options []Option // FieldChoice
	Problem Words    // stands beside the field
	Max     int      // characters
}

// Form is something to fill in.
type Form struct {
	ID     string
	Title  Words
	Fields []FormField
	Submit Words
	// Try, where it has a key, is a second button that changes nothing: "try a
	// question", "test picture".
	Try    Words
	Result *Table // of the trial
	// Kept goes with what is written, and is not shown.
	Kept map[string]string
}

// Confirm asks about a grave button.
type Confirm struct {
	Do       string // the button's ID
	Title    Words
	Text     Words
	Yes      Words
	NeedsPIN bool // the member of staff's own, again
	PIN      PINEntry
}

// PlotKind is how a plot is drawn.
type PlotKind string

// The kinds of plot.
const (
	PlotBars  PlotKind = "bars"
	PlotLine  PlotKind = "line"
	PlotImage PlotKind = "image" // drawn already
)

// Plot is a diagram.
type Plot struct {
	Kind  PlotKind
	Title Words
	Unit  Words
	// Labels are of the x axis, one a value (text).
	Labels []string
	Series []Series
	Image  *image.RGBA
}

// Series is one run of values.
type Series struct {
	Label  Words
	Values []float64
	Tone   Tone
}

// Actions of the admin tab.
type (
	// AdminEnter asks for the way in: the hidden gesture.
	AdminEnter struct{}
	// AdminCredentials sign in; without a login with the badge that was read.
	AdminCredentials struct{ Login, PIN string }
	// AdminFirst makes the first administrator with the console's code, or sets
	// the PIN of who has a code of the centre, which needs no name.
	AdminFirst struct{ Code, Name, Login, PIN string }
	// AdminHasCode goes on to write such a code.
	AdminHasCode struct{}
	AdminLeave   struct{} // signs out
	AdminGo      struct{ Page AdminPage }
	// AdminList changes what a table shows.
	AdminSearch struct{ Query string }
	AdminFilter struct{ ID, Value string }
	AdminTurn   struct{ Forward bool }
	// AdminFit tells how many rows of a list the screen has room for.
	AdminFit struct{ Rows int }
	// AdminOpenRow opens a row; an empty ID closes the detail. Rows of the tables
	// within a detail open likewise, where they have an ID.
	AdminOpenRow struct{ ID string }
	// AdminDo is a button; Row is what it is about, "" the whole page.
	AdminDo struct{ ID, Row string }
	// AdminSubmit is a form, filled in; AdminTry its trial.
	AdminSubmit struct {
		Form   string
		Values map[string]string
	}
	AdminTry struct {
		Form   string
		Values map[string]string
	}
	// AdminConfirm answers a question.
	AdminConfirm struct {
		Yes bool
		PIN string
	}
)

func (AdminEnter) action()       {}
func (AdminCredentials) action() {}
func (AdminFirst) action()       {}
func (AdminHasCode) action()     {}
func (AdminLeave) action()       {}
func (AdminGo) action()          {}
func (AdminSearch) action()      {}
func (AdminFilter) action()      {}
func (AdminTurn) action()        {}
func (AdminFit) action()         {}
func (AdminOpenRow) action()     {}
func (AdminDo) action()          {}
func (AdminSubmit) action()      {}
func (AdminTry) action()         {}
func (AdminConfirm) action()     {}
