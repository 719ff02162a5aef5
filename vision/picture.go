package vision

import (
	"image"
	"sync"
	"sync/atomic"
	"time"

	"agentid/app/domain"
)

// Picture is a decoded frame, shared by reference count. It implements
// domain.Picture.
type Picture struct {
	Seq  uint64
	JPEG []byte // what it was decoded from; nil for sources that are not JPEG

	at   time.Time
	img  *image.RGBA
	refs atomic.Int32
	pool *PicturePool
}

var _ domain.Picture = (*Picture)(nil)

// NewPicture wraps an image that no pool owns.
func NewPicture(img *image.RGBA, jpeg []byte, at time.Time) *Picture {
	p := &Picture{img: img, JPEG: jpeg, at: at}
	p.refs.Store(1)
	return p
}

// RGBA is the pixels; valid until the last Release.
func (p *Picture) RGBA() *image.RGBA { return p.img }

// At is when the frame had arrived.
func (p *Picture) At() time.Time { return p.at }

// Retain keeps the picture until one more Release.
func (p *Picture) Retain() { p.refs.Add(1) }

// Release gives one reference back; after the last, the pixels are reused.
func (p *Picture) Release() {
	if p.refs.Add(-1) == 0 && p.pool != nil {
		p.pool.put(p.img)
	}
}

// PicturePool recycles the pixels of pictures of one size. The zero value is
// ready. A picture that is never released costs its memory, nothing else.
type PicturePool struct {
	mu   sync.Mutex
	free []*image.RGBA
}

// poolKeep bounds the idle buffers: decode, analyse, encode and show hold one each.
const poolKeep = 6

// get returns a buffer to decode into, nil when there is none.
func (p *PicturePool) get() *image.RGBA {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.free)
	if n == 0 {
		return nil
	}
	img := p.free[n-1]
	p.free[n-1] = nil
	p.free = p.free[:n-1]
	return img
}

func (p *PicturePool) put(img *image.RGBA) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) > 0 && p.free[0].Rect != img.Rect { // the camera changed its size
		clear(p.free)
		p.free = p.free[:0]
	}
	if len(p.free) < poolKeep {
		p.free = append(p.free, img)
	}
}

// Decode makes a picture of a frame, with one reference that the caller owns.
func (p *PicturePool) Decode(d Decoder, f Frame) (*Picture, error) {
	img := f.Raw
	pic := &Picture{Seq: f.Seq, JPEG: f.JPEG, at: f.At}
	if img == nil {
		buf := p.get()
		var err error
		if img, err = d.Decode(f.JPEG, buf); err != nil {
			if buf != nil {
				p.put(buf)
			}
			return nil, err
		}
		pic.pool = p
	}
	pic.img = img
	pic.refs.Store(1)
	return pic, nil
}
