package opencv

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"gocv.io/x/gocv"
)

// ErrCascade says that a file is not a Haar cascade that may be run.
var ErrCascade = errors.New("not a Haar cascade")

// Limits of a cascade. The largest that OpenCV brings has 2.7 MB, a window of
// 64 pixels, 47 stages.
const (
	maxCascadeBytes = 8 << 20
	maxWindow       = 256
	maxNumber       = 1e9
)

// cascade is OpenCV's file of a Haar cascade, as far as OpenCV reads it.
type cascade struct {
	XMLName xml.Name     `xml:"opencv_storage"`
	Body    cascadeTrees `xml:"cascade"`
}

type cascadeTrees struct {
	TypeID      string    `xml:"type_id,attr"`
	StageType   string    `xml:"stageType"`
	FeatureType string    `xml:"featureType"`
	Height      int       `xml:"height"`
	Width       int       `xml:"width"`
	Categories  int       `xml:"featureParams>maxCatCount"`
	Stages      []stage   `xml:"stages>_"`
	Features    []feature `xml:"features>_"`
}

// stage is passed by windows whose trees add up to the threshold.
type stage struct {
	Threshold float64 `xml:"stageThreshold"`
	Trees     []tree  `xml:"weakClassifiers>_"`
}

// tree holds four numbers a node: left, right (positive: a node, else a leaf,
// negated), feature, threshold.
type tree struct {
	Nodes  numbers `xml:"internalNodes"`
	Leaves numbers `xml:"leafValues"`
}

// feature is a sum of two or three weighted rectangles: x, y, w, h, weight.
type feature struct {
	Rects  []numbers `xml:"rects>_"`
	Tilted int       `xml:"tilted"`
}

// numbers are finite ones, with spaces between.
type numbers []float64

// UnmarshalText implements encoding.TextUnmarshaler.
func (n *numbers) UnmarshalText(text []byte) error {
	*n = (*n)[:0]
	for word := range strings.FieldsSeq(string(text)) {
		v, err := strconv.ParseFloat(word, 64)
		if err != nil || !(math.Abs(v) <= maxNumber) {
			return fmt.Errorf("number %.20q", word)
		}
		*n = append(*n, v)
	}
	return nil
}

// whole are numbers that are whole ones.
func (n numbers) whole() ([]int, bool) {
	out := make([]int, len(n))
	for i, v := range n {
		if v != math.Trunc(v) {
			return nil, false
		}
		out[i] = int(v)
	}
	return out, true
}

// parseCascade reads a cascade and checks that running it reads no memory that
// is not its own and comes to an end, neither of which OpenCV checks.
func parseCascade(file []byte) (*cascade, error) {
	var c cascade
	if err := xml.Unmarshal(file, &c); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCascade, err)
	}
	if err := c.Body.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCascade, err)
	}
	return &c, nil
}

func (c *cascadeTrees) check() error {
	switch {
	case c.TypeID != "" && c.TypeID != "opencv-cascade-classifier" || c.StageType != "BOOST" || c.FeatureType != "HAAR" || c.Categories != 0:
		return fmt.Errorf("of kind %.40q, %.20q, %.20q", c.TypeID, c.StageType, c.FeatureType)
	case c.Width < 4 || c.Height < 4 || c.Width > maxWindow || c.Height > maxWindow:
		return fmt.Errorf("window of %dx%d", c.Width, c.Height)
	case len(c.Stages) == 0 || len(c.Features) == 0:
		return errors.New("no stages or no features")
	}
	for i, f := range c.Features {
		if err := f.check(c.Width, c.Height); err != nil {
			return fmt.Errorf("feature %d: %w", i, err)
		}
	}
	for i, s := range c.Stages {
		if len(s.Trees) == 0 || !(math.Abs(s.Threshold) <= maxNumber) {
			return fmt.Errorf("stage %d: no trees or no threshold", i)
		}
		for j, t := range s.Trees {
			if err := t.check(len(c.Features)); err != nil {
				return fmt.Errorf("stage %d, tree %d: %w", i, j, err)
			}
		}
	}
	return nil
}

func (f feature) check(width, height int) error {
	if len(f.Rects) < 1 || len(f.Rects) > 3 || f.Tilted < 0 || f.Tilted > 1 {
		return fmt.Errorf("%d rectangles, tilted %d", len(f.Rects), f.Tilted)
	}
	for _, r := range f.Rects {
		if len(r) != 5 {
			return fmt.Errorf("rectangle of %d numbers", len(r))
		}
		v, ok := r[:4].whole()
		if !ok {
			return errors.New("rectangle between pixels")
		}
		x, y, w, h := v[0], v[1], v[2], v[3]
		left, right, bottom := x, x+w, y+h
		if f.Tilted == 1 { // turned by 45 degrees, about its upper corner
			left, bottom = x-h, y+w+h
		}
		if w < 1 || h < 1 || left < 0 || y < 0 || right > width || bottom > height {
			return fmt.Errorf("rectangle %v outside of the window", v)
		}
	}
	return nil
}

func (t tree) check(features int) error {
	nodes := len(t.Nodes) / 4
	if nodes == 0 || len(t.Nodes)%4 != 0 || len(t.Leaves) != nodes+1 {
		return fmt.Errorf("%d numbers of nodes, %d leaves", len(t.Nodes), len(t.Leaves))
	}
	for i := range nodes {
		v, ok := t.Nodes[4*i : 4*i+3].whole()
		if !ok || v[2] < 0 || v[2] >= features {
			return fmt.Errorf("node %d: no such feature", i)
		}
		for _, next := range v[:2] {
			// Only onwards, so that no window walks in a circle.
			if next > 0 && (next <= i || next >= nodes) || next <= 0 && -next >= len(t.Leaves) {
				return fmt.Errorf("node %d: leads to %d", i, next)
			}
		}
	}
	return nil
}

// write gives the cascade as a file in the plainest XML. OpenCV reads this one
// and never the file from outside: its parser ends the process where it meets
// what it does not like, and likes less than encoding/xml does.
func (c *cascade) write(to io.Writer) error {
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\"?>\n<opencv_storage>\n<cascade type_id=\"opencv-cascade-classifier\"><stageType>BOOST</stageType>\n")
	fmt.Fprintf(&b, "<featureType>HAAR</featureType>\n<height>%d</height>\n<width>%d</width>\n", c.Body.Height, c.Body.Width)
	fmt.Fprintf(&b, "<featureParams><maxCatCount>0</maxCatCount></featureParams>\n<stageNum>%d</stageNum>\n<stages>\n", len(c.Body.Stages))
	for _, s := range c.Body.Stages {
		fmt.Fprintf(&b, "<_><maxWeakCount>%d</maxWeakCount>\n<stageThreshold>%s</stageThreshold>\n<weakClassifiers>\n", len(s.Trees), number(s.Threshold))
		for _, t := range s.Trees {
			fmt.Fprintf(&b, "<_><internalNodes>%s</internalNodes>\n<leafValues>%s</leafValues></_>\n", t.Nodes, t.Leaves)
		}
		b.WriteString("</weakClassifiers></_>\n")
	}
	b.WriteString("</stages>\n<features>\n")
	for _, f := range c.Body.Features {
		b.WriteString("<_><rects>")
		for _, r := range f.Rects {
			fmt.Fprintf(&b, "<_>%s</_>\n", r)
		}
		fmt.Fprintf(&b, "</rects><tilted>%d</tilted></_>\n", f.Tilted)
	}
	b.WriteString("</features></cascade>\n</opencv_storage>\n")
	_, err := b.WriteTo(to)
	return err
}

// number keeps every bit.
func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// String is a number a line: OpenCV does not read lines of any length.
func (n numbers) String() string {
	var b strings.Builder
	for i, v := range n {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(number(v))
	}
	return b.String()
}

// loadCascade opens a cascade; the caller closes it.
func loadCascade(path string) (*gocv.CascadeClassifier, error) {
	file, err := readFile(path, maxCascadeBytes)
	if err != nil {
		return nil, fmt.Errorf("open cascade: %w", err)
	}
	c, err := parseCascade(file)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", path, err)
	}
	cc, err := c.open()
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", path, err)
	}
	return cc, nil
}

// open hands the cascade to OpenCV, by a file that is gone afterwards.
func (c *cascade) open() (*gocv.CascadeClassifier, error) {
	tmp, err := os.CreateTemp("", "agentid-cascade-*.xml")
	if err != nil {
		return nil, fmt.Errorf("write checked cascade: %w", err)
	}
	defer os.Remove(tmp.Name())
	if err := errors.Join(c.write(tmp), tmp.Close()); err != nil {
		return nil, fmt.Errorf("write checked cascade: %w", err)
	}
	hush()
	cc := gocv.NewCascadeClassifier()
	if !cc.Load(tmp.Name()) {
		cc.Close()
		return nil, fmt.Errorf("%w: OpenCV refuses it", ErrCascade)
	}
	return &cc, nil
}
