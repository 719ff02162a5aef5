package opencv

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"path/filepath"
	"testing"
	"time"

	xdraw "golang.org/x/image/draw"

	"agentid/app/domain"
	"agentid/vision"
	"agentid/vision/espcam/cast"
)

// A performer is what stands before the camera: it may see what the kiosk asks.
type performer func(at time.Duration, asked domain.Guide) *image.RGBA

// theatre plays a performer to a session, through the detector and the tracker,
// as the pipeline would at 15 frames a second.
type theatre struct {
	t      *testing.T
	yunet  *YuNet
	looked chan struct{}
	asked  domain.Guide
	said   chan domain.Guide
	frames int
	seen   map[*image.RGBA]found // pictures that come again
}

// found is what the camera sent of a picture, and the faces in it.
type found struct {
	img   *image.RGBA
	faces []vision.Face
}

// look sends a picture through camera and detector.
func (th *theatre) look(img *image.RGBA) found {
	th.t.Helper()
	if f, ok := th.seen[img]; ok {
		return f
	}
	f := found{img: camera(th.t, img)}
	var err error
	if f.faces, err = th.yunet.Detect(f.img); err != nil {
		th.t.Fatal(err)
	}
	th.seen[img] = f
	return f
}

// Landmarks lets the theatre know that a frame is being looked at.
func (th *theatre) Landmarks(img *image.RGBA, box image.Rectangle) ([]vision.Point, error) {
	th.looked <- struct{}{}
	return nil, vision.ErrNoFace // keep the detector's
}

func newTheatre(t *testing.T) *theatre {
	return &theatre{t: t, yunet: openYuNet(t), looked: make(chan struct{}), said: make(chan domain.Guide, 1000), seen: map[*image.RGBA]found{}}
}

func (th *theatre) options(e vision.Encoder, l vision.LivenessOptions) vision.SessionOptions {
	return vision.SessionOptions{
		Encoder: e, Landmarker: th, Liveness: l,
		OnProgress: func(p vision.Progress) { th.said <- p.Guide },
	}
}

// play runs until the session is over or the limit of the film's time.
func (th *theatre) play(limit time.Duration, s vision.Watcher, run func(context.Context), p performer) {
	th.t.Helper()
	ctx, cancel := context.WithCancel(th.t.Context())
	over := make(chan struct{})
	go func() { run(ctx); close(over) }()
	defer func() {
		cancel()
		for {
			select {
			case <-th.looked:
			case <-over:
				return
			}
		}
	}()
	var tracker vision.Tracker
	start := time.Unix(1000, 0)
	for at := time.Duration(0); at < limit; at += 66 * time.Millisecond {
		for len(th.said) > 0 {
			th.asked = <-th.said
		}
		f := th.look(p(at, th.asked))
		alive, _ := tracker.Update(start.Add(at), f.faces)
		pic := vision.NewPicture(f.img, nil, start.Add(at))
		sighting := vision.Sighting{Picture: pic}
		for _, tr := range alive {
			if tr.Confirmed() {
				sighting.Faces = append(sighting.Faces, vision.SeenFace{Track: tr.ID, Face: tr.Face, Fresh: tr.Last.Equal(pic.At())})
			}
		}
		s.Watch(sighting)
		pic.Release()
		th.frames++
		if len(sighting.Faces) != 1 || !sighting.Faces[0].Fresh {
			continue
		}
		select {
		case <-th.looked:
		case <-over:
			return
		}
	}
}

// camera is what a picture looks like once a camera has sent it as JPEG.
func camera(t testing.TB, img *image.RGBA) *image.RGBA {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 82}); err != nil {
		t.Fatal(err)
	}
	out, err := Decoder{}.Decode(b.Bytes(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const (
	camW, camH = 640, 480
	turnSpeed  = 0.7 // radians a second, of those who do as asked
)

// posed draws a turn of something in steps, each once: the same step is the
// same picture, so that the theatre looks at it once.
func posed(side float64, draw func(turn float64) *image.RGBA) performer {
	const step = 0.035
	var now float64
	var last time.Duration
	drawn := map[int]*image.RGBA{}
	return func(at time.Duration, asked domain.Guide) *image.RGBA {
		goal := map[domain.Guide]float64{domain.GuideTurn: side, domain.GuideTurnLeft: side, domain.GuideTurnRight: -side}[asked]
		now += max(-1, min(1, (goal-now)/(turnSpeed*(at-last).Seconds()+1e-9))) * turnSpeed * (at - last).Seconds()
		last = at
		k := int(math.Round(now / step))
		if drawn[k] == nil {
			drawn[k] = draw(float64(k) * step)
		}
		return drawn[k]
	}
}

// alive is a drawn person who does as asked.
func alive(p cast.Person) performer {
	return posed(0.45, func(yaw float64) *image.RGBA {
		return p.Portrait(camW, camH, cast.Pose{X: 0.5, Y: 0.5, Scale: 0.45, Yaw: yaw})
	})
}

// held is a picture on a sheet that is turned where a head should turn, tilting
// a little on the way.
func held(picture *image.RGBA, most float64) performer {
	lobby := image.NewRGBA(image.Rect(0, 0, camW, camH))
	cast.NewScript(nil).Draw(lobby, 0)
	return posed(most, func(turn float64) *image.RGBA {
		dst := image.NewRGBA(lobby.Rect)
		copy(dst.Pix, lobby.Pix)
		sheet(dst, picture, -turn, 0.15*math.Sin(3*turn), 0.03*math.Cos(2*turn)) // to face where the head would
		return dst
	})
}

// sheet draws a picture as a plane before the camera, turned about its upright
// axis, tilted and leaned, at a distance that lets it fill the height.
func sheet(dst, src *image.RGBA, turn, tilt, lean float64) {
	sy, cy := math.Sincos(turn)
	sp, cp := math.Sincos(tilt)
	sr, cr := math.Sincos(lean)
	// Columns: where the sheet's x, y and normal point.
	rot := func(x, y, z float64) (float64, float64, float64) {
		x, y = x*cr-y*sr, x*sr+y*cr
		y, z = y*cp-z*sp, y*sp+z*cp
		x, z = x*cy+z*sy, z*cy-x*sy
		return x, y, z
	}
	ax, ay, az := rot(1, 0, 0)
	bx, by, bz := rot(0, 1, 0)
	nx, ny, nz := rot(0, 0, 1)
	const focal, dist = 600, 600 // one unit at the sheet is one pixel
	for y := range camH {
		for x := range camW {
			dx, dy := (float64(x)-camW/2)/focal, (float64(y)-camH/2)/focal
			k := nz * dist / (nx*dx + ny*dy + nz)
			px, py, pz := k*dx, k*dy, k-dist
			u := px*ax + py*ay + pz*az + float64(src.Rect.Dx())/2
			v := px*bx + py*by + pz*bz + float64(src.Rect.Dy())/2
			if u < 0 || v < 0 || u >= float64(src.Rect.Dx()-1) || v >= float64(src.Rect.Dy()-1) {
				continue
			}
			i, j := int(u), int(v)
			fu, fv := u-float64(i), v-float64(j)
			o := dst.PixOffset(x, y)
			a, b := src.Pix[src.PixOffset(i, j):], src.Pix[src.PixOffset(i, j+1):]
			for c := range 3 {
				top := float64(a[c])*(1-fu) + float64(a[4+c])*fu
				low := float64(b[c])*(1-fu) + float64(b[4+c])*fu
				dst.Pix[o+c] = uint8(top*(1-fv) + low*fv)
			}
			dst.Pix[o+3] = 255
		}
	}
}

// onScreen is a picture as a telephone shows it: bright, bluish, in a bezel,
// with the grid of its pixels.
func onScreen(src *image.RGBA) *image.RGBA {
	const bezel = 24
	out := image.NewRGBA(image.Rect(0, 0, src.Rect.Dx()+2*bezel, src.Rect.Dy()+2*bezel))
	draw.Draw(out, out.Rect, image.NewUniform(color.RGBA{18, 18, 20, 255}), image.Point{}, draw.Src)
	for y := range src.Rect.Dy() {
		for x := range src.Rect.Dx() {
			p := src.RGBAAt(src.Rect.Min.X+x, src.Rect.Min.Y+y)
			k := 1.06 - 0.10*float64((x%3+y%3)/2)
			c := func(v uint8, gain float64) uint8 { return uint8(min(255, 8+float64(v)*k*gain)) }
			out.SetRGBA(bezel+x, bezel+y, color.RGBA{c(p.R, 0.97), c(p.G, 1), c(p.B, 1.06), 255})
		}
	}
	return out
}

// holding is one of the cast with a picture before their face, in the lobby, so
// many faces wide.
func holding(m image.Image, wide float64) performer {
	at := cast.BeforeFace
	at.Width = wide
	s := cast.NewScript(cast.Cast(), cast.WithOrder(3), cast.WithDwell(time.Hour), cast.WithProp(3, m, at))
	return func(at time.Duration, _ domain.Guide) *image.RGBA {
		dst := image.NewRGBA(image.Rect(0, 0, camW, camH))
		s.Draw(dst, at+2*time.Second)
		return dst
	}
}

// frozen is one frame for ever.
func frozen(img *image.RGBA) performer {
	return func(time.Duration, domain.Guide) *image.RGBA { return img }
}

// replayed is a film of a drawn person who turns to one side and back, again and
// again, whatever is asked.
func replayed(p cast.Person, side float64) performer {
	do := alive(p)
	return func(at time.Duration, _ domain.Guide) *image.RGBA {
		asked := domain.Guide("")
		if math.Mod(at.Seconds(), 4) > 2 {
			asked = map[bool]domain.Guide{true: domain.GuideTurnLeft, false: domain.GuideTurnRight}[side > 0]
		}
		return do(at, asked)
	}
}

// realFaces are frontal pictures of real people, cut so that the face fills
// about a third of the width.
func realFaces(t *testing.T, y *YuNet, set string, every, most int) []*image.RGBA {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(shared(t, "faces/"+set), "*", "*.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	var out []*image.RGBA
	for i := 0; i < len(files) && len(out) < most; i += every {
		img := load(t, files[i])
		faces, err := y.Detect(img)
		if err != nil || len(faces) == 0 {
			continue
		}
		box := faces[0].Box
		p, ok := vision.EstimatePose(faces[0].Landmarks)
		if !ok || math.Abs(p.Yaw) > 0.15 || box.Dx() < 70 {
			continue
		}
		mid := box.Min.Add(box.Max).Div(2)
		cut := image.Rect(mid.X-3*box.Dx()/2, mid.Y-box.Dy(), mid.X+3*box.Dx()/2, mid.Y+box.Dy()*5/4).Intersect(img.Rect)
		big := image.NewRGBA(image.Rect(0, 0, 480, 480*cut.Dy()/cut.Dx()))
		xdraw.CatmullRom.Scale(big, big.Rect, img, cut, xdraw.Src, nil)
		out = append(out, big)
	}
	if len(out) == 0 {
		t.Fatalf("no frontal face in %s", set)
	}
	return out
}
