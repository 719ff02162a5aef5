package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"time"

	"agentid/app/domain"
	"agentid/vision"
)

// Engine is what is measured.
type Engine struct {
	Decoder  vision.Decoder
	Detector vision.Detector
	Encoder  vision.Encoder
}

// Options say how; the zero value is good.
type Options struct {
	Seed         uint64 // of every draw; 1 when 0
	Resamples    int    // of the bootstrap; 0 leaves the intervals out
	MaxImpostors int    // pairs; 2 million when 0
	// VerifyThreshold is that of the 1:1 check; the encoder's when 0.
	VerifyThreshold float64
	Clock           domain.Clock
	Progress        func(done, total int) // after each picture; may be nil
}

// wantedFMRs are the operating points reported.
func wantedFMRs() []float64 { return []float64{1e-2, 1e-3, 1e-4} }

// Run measures the engine on dir/person/*.jpg. Pictures that cannot be read or
// show no face are counted; ErrTooFew, with what was counted, where too few are
// left.
func Run(ctx context.Context, dir string, e Engine, o Options) (Result, error) {
	o.Seed = cmp.Or(o.Seed, 1)
	o.MaxImpostors = cmp.Or(o.MaxImpostors, 2_000_000)
	if o.Clock == nil {
		o.Clock = domain.SystemClock{}
	}
	set, err := LoadSet(dir)
	if err != nil {
		return Result{}, err
	}
	c := collector{engine: e, clock: o.Clock}
	total, done := set.Pictures(), 0
	for i, p := range set.People {
		for _, f := range p.Files {
			if err := ctx.Err(); err != nil {
				return Result{}, err
			}
			if err := c.picture(i, f); err != nil {
				return Result{}, fmt.Errorf("%s: %w", f, err)
			}
			done++
			if o.Progress != nil {
				o.Progress(done, total)
			}
		}
	}
	r := Result{
		Set: SetResult{dir, len(set.People), total},
		Engine: EngineResult{e.Detector.Name(), e.Encoder.Ref().Name, e.Encoder.Ref().Version,
			e.Encoder.Metric(), e.Encoder.Threshold()},
		Detection: c.found,
		Time:      TimesResult{summarise(c.decode), summarise(c.detect), summarise(c.encode)},
	}
	r.Detection.Rate = float64(c.found.Found) / float64(total)
	pairs := MakePairs(c.samples, e.Encoder.Metric(), o.MaxImpostors, o.Seed)
	all := 0
	for _, p := range set.People {
		all += len(p.Files) * (len(p.Files) - 1) / 2
	}
	r.Pairs.Lost = all - len(pairs.Genuine)
	if err := r.judge(pairs, e.Encoder.Threshold(), o); err != nil {
		return r, err
	}
	claims := MakeClaims(c.samples, e.Encoder.Metric(), o.MaxImpostors, o.Seed)
	claims.Lost = claims.lost(c.samples, set)
	r.Scores = Scores{people: names(set), Single: pairs, Nearest: claims.Pairs}
	return r, r.verify(pairs, claims, o)
}

// verifyFMRs are the operating points of the 1:1 check.
func verifyFMRs() []float64 { return []float64{1e-2, 1e-3} }

// verify fills in the rates of the 1:1 check.
func (r *Result) verify(single Pairs, claims Claims, o Options) error {
	ro := RateOptions{
		Threshold: cmp.Or(o.VerifyThreshold, r.Engine.Threshold), FMRs: verifyFMRs(),
		People: r.Set.People, Resamples: o.Resamples, Seed: o.Seed,
	}
	var err error
	if r.Verification.Single, err = Judge(single, ro); err != nil {
		return err
	}
	several, err := Judge(claims.Pairs, ro)
	if errors.Is(err, ErrTooFew) { // too few pictures of one person: nothing to say
		return nil
	}
	r.Verification.Nearest = &NearestRates{several, claims.People, claims.Templates, claims.Lost}
	return err
}

// judge fills in the figures that pairs give.
func (r *Result) judge(pairs Pairs, threshold float64, o Options) error {
	r.Pairs.Genuine, r.Pairs.Impostor = len(pairs.Genuine), len(pairs.Impostor)
	curve := NewCurve(pairs)
	if curve == nil {
		return ErrTooFew
	}
	balanced := pairs.Balance(o.Seed)
	r.Pairs.Sampled = len(balanced.Impostor)
	sample := NewCurve(balanced)
	r.AtManifest, r.Best = sample.At(threshold), sample.Best()
	r.BestOverDraws = bestOverDraws(pairs, o.Seed)
	r.AllAtManifest, r.AllBest = curve.At(threshold), curve.Best()
	if v, ok := crossValidated(pairs, r.Set.People, o.Seed); ok {
		r.CrossValidated = &v
	}
	eer := curve.EER()
	r.EER = EERResult{1 - eer.Accuracy, eer.Threshold}
	for _, want := range wantedFMRs() {
		p := curve.AtFMR(want)
		matched := (1 - p.FNMR) * float64(r.Pairs.Genuine)
		r.FNMRAtFMR = append(r.FNMRAtFMR, AtFMR{
			Wanted: want, Point: p,
			WithFailures: 1 - matched/float64(r.Pairs.Genuine+r.Pairs.Lost),
			Reliable:     want*float64(len(pairs.Impostor)) >= 30,
		})
	}
	r.ROC = curve.ROC()
	if o.Resamples > 0 {
		r.Intervals = intervals(pairs, threshold, r.Set.People, o)
	}
	return nil
}

// impostorDraws is how many draws bestOverDraws averages.
const impostorDraws = 100

func bestOverDraws(pairs Pairs, seed uint64) Draws {
	d := Draws{Draws: impostorDraws}
	best := make([]float64, impostorDraws)
	for i := range best {
		best[i] = NewCurve(pairs.Balance(seed + uint64(i))).Best().Accuracy
		d.Mean += best[i] / impostorDraws
	}
	d.Within = interval95(best)
	return d
}

func intervals(pairs Pairs, threshold float64, people int, o Options) *Intervals {
	var acc, eer []float64
	at := make([][]float64, len(wantedFMRs()))
	bootstrap(pairs, people, o.Resamples, o.Seed, func(c *Curve) {
		acc = append(acc, c.At(threshold).Accuracy)
		eer = append(eer, 1-c.EER().Accuracy)
		for i, want := range wantedFMRs() {
			at[i] = append(at[i], c.AtFMR(want).FNMR)
		}
	})
	iv := &Intervals{Resamples: o.Resamples, AtManifest: interval95(acc), EER: interval95(eer)}
	for _, v := range at {
		iv.FNMRAtFMR = append(iv.FNMRAtFMR, interval95(v))
	}
	return iv
}

// collector takes the pictures one after another.
type collector struct {
	engine  Engine
	clock   domain.Clock
	buf     *image.RGBA
	samples []Sample
	found   DetectionResult

	decode, detect, encode []time.Duration
}

// picture returns an error only where the engine failed, not the picture.
func (c *collector) picture(person int, path string) error {
	jpeg, err := readPicture(path)
	if err != nil {
		c.found.Unreadable++
		return nil
	}
	start := c.clock.Now()
	img, err := c.engine.Decoder.Decode(jpeg, c.buf)
	if errors.Is(err, vision.ErrPicture) {
		c.found.Unreadable++
		return nil
	}
	if err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	c.buf = img
	decoded := c.clock.Now()
	faces, err := c.engine.Detector.Detect(img)
	if err != nil {
		return err
	}
	detected := c.clock.Now()
	c.decode = append(c.decode, decoded.Sub(start))
	c.detect = append(c.detect, detected.Sub(decoded))
	c.found.Faces += len(faces)
	if len(faces) == 0 {
		return nil
	}
	c.found.Found++
	if len(faces) > 1 {
		c.found.Several++
	}
	enc, err := c.engine.Encoder.Encode(img, jpeg, MostCentral(img.Rect, faces))
	if errors.Is(err, vision.ErrNoFace) {
		c.found.NotEncoded++
		return nil
	}
	if err != nil {
		return err
	}
	c.encode = append(c.encode, c.clock.Now().Sub(detected))
	c.found.Usable++
	c.samples = append(c.samples, Sample{person, enc.Vector})
	return nil
}

// MostCentral is the face whose middle is nearest to that of the picture: in a
// labelled picture with several faces, the one it is of. It needs one or more.
func MostCentral(r image.Rectangle, faces []vision.Face) vision.Face {
	best, at := math.Inf(1), 0
	for i, f := range faces {
		dx := float64(f.Box.Min.X+f.Box.Max.X-r.Min.X-r.Max.X) / 2
		dy := float64(f.Box.Min.Y+f.Box.Max.Y-r.Min.Y-r.Max.Y) / 2
		if d := math.Hypot(dx, dy); d < best {
			best, at = d, i
		}
	}
	return faces[at]
}
