package kiosk

import (
	"context"
	"fmt"
	"image"
	"io"
	"time"

	"agentid/app/domain"
)

// AdminPorts are what the admin tab works with, beside the Flows. Audit is
// required; of what else is nil the page says that it is not available here.
type AdminPorts struct {
	Audit     domain.AuditLog
	FirstRun  domain.FirstRun
	Directory domain.Directory
	History   domain.History
	Names     Names
	Pictures  Pictures
	Templates Templates
	// Merger joins records, and Lookalikes proposes which.
	Merger     domain.Merger
	Lookalikes Lookalikes
	Exports    Exports
	// StaffCards draws the cards of staff, to be saved.
	StaffCards StaffCards

	Sync        SyncDesk
	Cameras     CameraDesk
	Recognition RecognitionDesk
	System      SystemDesk
	Config      ConfigDesk
	Cases       domain.CaseBook
	FAQ         FAQDesk
	Codes       StaffCodes
}

// StaffCodes are the one-time codes with which staff whose accounts are the
// centre's set a PIN of their own.
type StaffCodes interface {
	// StaffCodes tells whether there is one that may be used.
	StaffCodes(ctx context.Context) (bool, error)
	// UseStaffCode sets the PIN of who has the code, which ends.
	// domain.ErrSetupCode, ErrPIN, ErrWeakPIN.
	UseStaffCode(ctx context.Context, login, code, pin string) (domain.Staff, error)
}

// Names tells what people are called. domain.ErrNotFound for who was erased.
type Names interface {
	Person(ctx context.Context, id domain.PersonID) (domain.Person, error)
}

// Pictures opens the pictures kept with events, by their hash.
// domain.ErrNotFound for one that was never kept, or has been dropped.
type Pictures interface {
	EventPicture(ctx context.Context, hash string) (*image.RGBA, error)
}

// Templates tells of a person's templates, without the vectors.
type Templates interface {
	TemplatesOf(ctx context.Context, id domain.PersonID) ([]TemplateInfo, error)
}

// TemplateInfo is a template as staff sees it.
type TemplateInfo struct {
	Encoder   domain.EncoderRef
	Quality   float64 // 0..1
	CreatedAt time.Time
}

// Lookalikes tells whose face is near somebody's: within what a match needs and
// the margin to the second person, the nearest first. None where nothing
// recognises now.
type Lookalikes interface {
	Lookalikes(ctx context.Context, id domain.PersonID) ([]Lookalike, error)
}

// Lookalike is somebody whose face is near another's.
type Lookalike struct {
	Person   domain.PersonID
	Distance float64 // in the encoder's metric
}

// Exports makes files that staff takes away.
type Exports interface {
	// Export writes a file of that name, whole or not at all, for its owner's
	// eyes alone, and tells where it lies.
	Export(ctx context.Context, name string, write func(io.Writer) error) (path string, err error)
}

// StaffCards draws the card of a badge of staff, as a PDF.
type StaffCards interface {
	StaffCard(b domain.StaffBadge, name string, lang domain.Lang) (pdf []byte, err error)
}

// SyncDesk is the sync with the centre.
type SyncDesk interface {
	Sync(ctx context.Context) (SyncInfo, error)
	Dead(ctx context.Context, limit int) ([]domain.DeadNotice, error)
	// Retry has a dead letter told again. domain.ErrNotFound.
	Retry(ctx context.Context, key domain.NoticeKey) error
	// SetOffline holds the sync back, or lets it go on; SyncInfo.Switch tells
	// whether it can.
	SetOffline(ctx context.Context, offline bool) error
}

// SyncInfo is how the sync stands.
type SyncInfo struct {
	State       string // as the texts sync.state have it
	Waiting     domain.Waiting
	LastSuccess time.Time // zero for never, or not known
	RetryAt     time.Time
	LastError   string
	Skew        time.Duration // of this machine's clock; 0 where not known
	Notes       []string
	Switch      bool // there is a switch
	Offline     bool // and it is off
}

// CameraDesk looks after the cameras.
type CameraDesk interface {
	Cameras(ctx context.Context) ([]CameraInfo, error)
	// TestPicture is what the camera sees now.
	TestPicture(ctx context.Context, id string) (*image.RGBA, error)
	// SetCamera changes how a camera is set, now and from now on. *SettingError
	// for a value that cannot be. It is kept, but not told to the camera, where
	// the error is ErrNoEye; a *CameraError says that the camera did not act on it.
	SetCamera(ctx context.Context, id string, s CameraSettings) error
	// Connect takes another camera, by its address, once it has shown a picture:
	// *SettingError, *CameraError. restart tells that it counts from the next
	// start on.
	Connect(ctx context.Context, address string) (restart bool, err error)
	// Remove leaves the kiosk without a camera.
	Remove(ctx context.Context, id string) (restart bool, err error)
	// Find looks for cameras on this machine's own networks; Cameras lists what
	// it found. It ends with ctx, and keeps what it had found until then.
	Find(ctx context.Context, tell func(done, total int)) (searched, found int, err error)
}

// CameraTrouble is why a camera cannot be used.
type CameraTrouble string

// The troubles.
const (
	CameraSilent   CameraTrouble = "silent"   // nothing answers
	CameraNotOne   CameraTrouble = "not_one"  // something else answers
	CameraPassword CameraTrouble = "password" // it wants one, or another one
	CameraBusy     CameraTrouble = "busy"     // another client has it
	CameraOurs     CameraTrouble = "ours"     // this kiosk uses it already
	CameraDeaf     CameraTrouble = "deaf"     // it does not act on what it is told
)

// CameraError says why a camera cannot be used.
type CameraError struct {
	Why CameraTrouble
	Err error // what happened; may be nil
}

func (e *CameraError) Error() string { return fmt.Sprintf("camera: %s: %v", e.Why, e.Err) }

func (e *CameraError) Unwrap() error { return e.Err }

// CameraInfo is one camera.
type CameraInfo struct {
	ID       string
	Address  string // without credentials
	Health   domain.CameraHealth
	Settings CameraSettings
	// Sizes are the frame sizes that it may be asked for; none where it cannot
	// be set.
	Sizes []string
	// Rate is the frames a second, one value every RateStep, the newest last.
	Rate []float64
	// Removable tells that the kiosk can be left without it.
	Removable bool
	RateStep  time.Duration
	// Found: it was found on the network, and is not in use. Busy: somebody else
	// has it.
	Found, Busy bool
	// Demo: its people are drawn. AtRestart: it is taken at the next start.
	Demo, AtRestart bool
}

// CameraSettings is how a camera is set.
type CameraSettings struct {
	FrameSize string
	LED       int // 0 to 255; -1 leaves it
}

// RecognitionDesk looks after the recognition engine.
type RecognitionDesk interface {
	Recognition(ctx context.Context) (RecognitionInfo, error)
	// Calibrate proposes thresholds from what happened here.
	Calibrate(ctx context.Context) (Calibration, error)
}

// RecognitionInfo is what recognises, and by which thresholds.
type RecognitionInfo struct {
	Encoder, Detector, Metric string
	Grade                     Grade
	Threshold, Verify, Margin float64
	Votes, MinFace            int
	// LivenessMode is as it is configured: off, either or both. Passive is the
	// check that looks for pictures; "" where it is not installed.
	LivenessMode, Passive string
	People, Templates     int
}

// Calibration is what the events of this kiosk say about thresholds.
type Calibration struct {
	Encoder string
	Events  int
	From    time.Time
	To      time.Time
	Rows    []Proposal
	Picture *image.RGBA // of genuine and impostor scores; nil where there is nothing to draw
}

// Proposal is a threshold for a wanted rate of false matches, or what is
// missing for one.
type Proposal struct {
	Key       string // of the setting
	Wanted    float64
	InUse     float64
	Threshold float64 // 0 where nothing can be proposed
	FNMR      float64 // negative where it is not known
	TooDear   bool    // too many would be refused: it is not to be set
	// Missing, and for how many days more at this pace; 0 where it cannot be told.
	MissingGenuine, MissingImpostor, MissingPeople, Days int
}

// SystemDesk looks after the kiosk itself.
type SystemDesk interface {
	System(ctx context.Context) (SystemInfo, error)
	// Check looks at everything that the kiosk needs.
	Check(ctx context.Context) ([]CheckInfo, error)
	// Leave ends the kiosk program; the session of the machine shows then.
	Leave()
	// Restart ends it, and starts it again.
	Restart()
	// Log reads the program's own log, the newest line first; LogLine is one of
	// it: domain.ErrNotFound once it is no more.
	Log(ctx context.Context, q LogQuery) (LogPage, error)
	LogLine(ctx context.Context, id string) (LogLine, error)
}

// LogLevel is how much a line of the log matters.
type LogLevel string

// The levels.
const (
	LogDebug LogLevel = "debug"
	LogInfo  LogLevel = "info"
	LogWarn  LogLevel = "warn"
	LogError LogLevel = "error"
)

// LogQuery asks for lines of the log.
type LogQuery struct {
	Least  LogLevel
	Before string // LogPage.Next of the page before; "" for the newest
	Limit  int
}

// LogPage is some lines of the log.
type LogPage struct {
	Lines []LogLine
	Next  string // "" at the end; there may be more where Lines has none
}

// LogLine is one line of the log: text, without people's data and secrets.
type LogLine struct {
	ID      string
	At      time.Time
	Level   LogLevel
	Message string
	Attrs   []LogAttr
	Foreign bool // another program wrote it: what it says is not told
}

// LogAttr is what a line says beside its message.
type LogAttr struct{ Key, Value string }

// SystemInfo is what runs where.
type SystemInfo struct {
	Version, SQLite, DeviceID, Address string
	Started                            time.Time
	DatabaseBytes, FreeBytes           int64
	People                             int
	Events                             int64
	DataDir                            string
	LogFile                            string // "" where the log is in memory alone
	LogMemory                          int    // lines that are kept then
	SnapshotBytes, LogBytes            int64
	Snapshots                          int64
	// Versions of what the program is made of, and the models in use.
	Go, OpenCV, Dlib, Detector, Encoder string
	Centre                              string // its address; "" where there is none
	CentreState                         string // as the texts sync_state have it
	CentreError                         string
}

// CheckInfo is one line of the doctor.
type CheckInfo struct {
	Check, Detail, Mend string // text
	Tone                Tone
}

// ConfigDesk is the configuration.
type ConfigDesk interface {
	// File is where it is written to.
	File() string
	Settings(ctx context.Context, lang domain.Lang) ([]SettingInfo, error)
	// Set checks a value with all others, and writes it. restart tells that it
	// counts from the next start on. *SettingError for what cannot be.
	Set(ctx context.Context, lang domain.Lang, key, value string) (restart bool, err error)
}

// SettingInfo is one setting.
type SettingInfo struct {
	Key, Value, Help string
	Options          []string // one of these, where there are any
	Switch           bool     // "true" or "false"
	Live             bool     // takes effect without a restart
	// Fixed says why it cannot be changed here, as the texts setting_fixed have
	// it; "" where it can.
	Fixed string
}

// SettingError says what is wrong with a value, in the reader's words.
type SettingError struct{ Text string }

func (e *SettingError) Error() string { return e.Text }

// FAQDesk is the questions and their answers.
type FAQDesk interface {
	// Topics lists the topics in a language; one that is in the other alone comes
	// as it is there.
	Topics(ctx context.Context, lang domain.Lang) ([]TopicInfo, error)
	// Notes say what was published for this kiosk and is not used, and why, in
	// a few of the reader's words.
	Notes(ctx context.Context, lang domain.Lang) ([]string, error)
	// SaveTopic checks and stores a topic, and has it answer from now on; an
	// empty ID makes one. TopicProblems; domain.ErrEdited where Seen is not what
	// is there; domain.ErrNotFound.
	SaveTopic(ctx context.Context, t TopicInfo) (TopicSaved, error)
	// RemoveTopic takes away a topic of the branch, in all languages, or what the
	// branch made of another, in this one. domain.ErrNotFound.
	RemoveTopic(ctx context.Context, lang domain.Lang, id string) error
	// TryQuestion tells what would be answered, the best first; with a draft, as
	// if that were stored. TopicProblems.
	TryQuestion(ctx context.Context, lang domain.Lang, question string, draft *TopicInfo) ([]TopicMatch, error)
	// Gaps are what was asked in a language and has no answer yet, or one that did
	// not help, the most asked first.
	Gaps(ctx context.Context, lang domain.Lang) ([]GapInfo, error)
}

// TopicInfo is a question with its answer.
type TopicInfo struct {
	ID, Category, Title, Answer string
	// First is what is shown before the answer, and big, where it is urgent.
	First     string
	Lang      domain.Lang
	Questions []string // other ways to ask it
	ChangedAt time.Time
	Origin    TopicOrigin // of what is not the branch's in it
	Fixed     bool        // it comes with the kiosk: it is not removed
	Edited    bool        // the branch changed it, which can be undone
	Overtaken bool        // what the branch changed has itself changed since
	// Borrowed tells that it is in the other language alone, which is shown.
	Borrowed bool
	// Seen is this state of the topic, by which SaveTopic knows what was changed.
	Seen string
}

// TopicOrigin is where a topic comes from.
type TopicOrigin string

// The origins, the strongest first.
const (
	OriginBranch  TopicOrigin = "branch"
	OriginCentre  TopicOrigin = "centre"
	OriginFolder  TopicOrigin = "folder"
	OriginBuiltIn TopicOrigin = "built_in"
)

// TopicSaved is what came of saving a topic.
type TopicSaved struct {
	ID string
	// Lent tells that the other language has it not, and answers with this text.
	Lent bool
}

// TopicProblems are what is wrong with a topic, in the reader's words, by
// "title", "category", "first", "answer" and "questions".
type TopicProblems map[string]string

func (p TopicProblems) Error() string { return fmt.Sprintf("%d fields of the topic to mend", len(p)) }

// TopicMatch is how well a topic answers a question.
type TopicMatch struct {
	Topic  string
	Title  string
	Score  float64 // 0..1
	Answer bool    // it would be answered, rather than suggested
}

// GapInfo is a question that has no answer, or one that did not help.
type GapInfo struct {
	ID       string
	Text     string
	Count    int
	Last     time.Time
	Examples []string // other words for it
	Disliked string   // title of the answer that did not help; "" for none
}
