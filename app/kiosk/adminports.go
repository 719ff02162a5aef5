package kiosk

import (
	"context"
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
	// for a value that cannot be.
	SetCamera(ctx context.Context, id string, s CameraSettings) error
	// Connect takes another camera, by its address: *SettingError. restart
	// tells that it counts from the next start on.
	Connect(ctx context.Context, address string) (restart bool, err error)
	// Remove leaves the kiosk without a camera of its own.
	Remove(ctx context.Context, id string) (restart bool, err error)
}

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
	Liveness                  string
	People, Templates         int
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
}

// SystemInfo is what runs where.
type SystemInfo struct {
	Version, SQLite, DeviceID, Address string
	Started                            time.Time
	DatabaseBytes, FreeBytes           int64
	People                             int
	Events                             int64
	DataDir                            string
	LogFile                            string
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
	// Topics lists the topics of a language.
	Topics(ctx context.Context, lang domain.Lang) ([]TopicInfo, error)
	// SaveTopic checks and stores a topic, and has it answer from now on; an
	// empty ID makes one. *SettingError. RemoveTopic: domain.ErrNotFound.
	SaveTopic(ctx context.Context, t TopicInfo) (id string, err error)
	RemoveTopic(ctx context.Context, lang domain.Lang, id string) error
	// TryQuestion tells what would be answered, the best first; with a draft, as
	// if that were stored.
	TryQuestion(ctx context.Context, lang domain.Lang, question string, draft *TopicInfo) ([]TopicMatch, error)
	// Gaps are what was asked and not answered, the most asked first.
	Gaps(ctx context.Context, lang domain.Lang) ([]GapInfo, error)
}

// TopicInfo is a question with its answer.
type TopicInfo struct {
	ID, Category, Title, Answer string
	Lang                        domain.Lang
	Questions                   []string // ways to ask it
	ChangedAt                   time.Time
	Fixed                       bool // it comes with the kiosk: it is not removed
}

// TopicMatch is how well a topic answers a question.
type TopicMatch struct {
	Topic  string
	Title  string
	Score  float64 // 0..1
	Answer bool    // it would be answered, rather than suggested
}

// GapInfo is a question that has no answer.
type GapInfo struct {
	Text  string
	Count int
	Last  time.Time
}
