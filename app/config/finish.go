package config

import (
	"path/filepath"
	"strings"
)

// finish fills what depends on other settings and checks what one setting
// alone cannot tell.
func (l *loader) finish() {
	for _, p := range []needed{
		{"data_dir", l.c.DataDir}, {"master_key_file", l.c.MasterKeyFile}, {"badge.key_file", l.c.Badge.KeyFile},
	} {
		l.needPath(p)
		if p.key != "data_dir" {
			l.keyOutsideData(p)
		}
	}
	l.centre()
	l.demo()
	l.strangers()
}

// needed is a path without which the kiosk cannot be.
type needed struct{ key, path string }

func (l *loader) needPath(p needed) {
	if p.path != "" || l.failed(p.key) {
		return
	}
	l.add(Problem{Key: p.key, From: l.origin(p.key), fault: fault{
		text{"no tiene valor, y no hay carpeta de usuario (HOME) de la cual tomarlo", "has no value, and there is no user folder (HOME) to take it from"},
		text{"Escriba una ruta absoluta.", "Write an absolute path."}}})
}

// keyOutsideData: who copies the data folder must not get the key with it.
func (l *loader) keyOutsideData(p needed) {
	if l.c.DataDir == "" || p.path == "" {
		return
	}
	data, key := resolve(l.c.DataDir), resolve(p.path)
	if rel, err := filepath.Rel(data, key); err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return
	}
	from := l.origin(p.key)
	if from.Kind == FromDefault { // then it is the data folder that was moved
		from = l.origin("data_dir")
	}
	l.add(Problem{Key: p.key, Value: quotePath(p.path), From: from, fault: fault{
		text{"está dentro de data_dir, y quien copie los datos tendría también la clave", "is within data_dir, so who copies the data has the key too"},
		text{"Póngalo fuera de " + l.c.DataDir + ".", "Put it outside " + l.c.DataDir + "."}}})
}

// centre puts the keys for the centre beside the master key, where nobody said
// otherwise. A kiosk that works alone has none to look after.
func (l *loader) centre() {
	if l.c.Centre.KeyFile == "" && l.c.MasterKeyFile != "" {
		l.c.Centre.KeyFile = filepath.Join(filepath.Dir(l.c.MasterKeyFile), "centre.key")
	}
	if _, set := l.from["centre.key_file"]; set || l.c.Centre.URL != "" {
		p := needed{"centre.key_file", l.c.Centre.KeyFile}
		l.needPath(p)
		l.keyOutsideData(p)
	}
}

// demo settles whether this is the demo: the last word, of the highest
// precedence, between demo and camera.url counts.
func (l *loader) demo() {
	if l.failed("demo") || l.failed("camera.url") {
		return
	}
	camera := l.c.Camera.URL
	isDemo := camera == "" || camera.Kind() == CameraDemo
	asked, set := l.from["demo"]
	switch {
	case !set:
		l.c.Demo = isDemo
	case !l.c.Demo && isDemo:
		l.add(Problem{Key: "camera.url", From: l.origin("camera.url"), fault: fault{
			text{"hace falta una cámara, porque demo es false (" + asked.in("es") + ")", "a camera is needed, since demo is false (" + asked.in("en") + ")"},
			text{`Escriba por ejemplo "http://192.168.4.1:81/stream", o "none:" si no hay.`, `Write for example "http://192.168.4.1:81/stream", or "none:" where there is none.`}}})
		return
	case l.c.Demo && !isDemo && rank(l.from["camera.url"].Kind) > rank(asked.Kind):
		l.c.Demo = false
	}
	if l.c.Demo && !isDemo || camera == "" {
		l.c.Camera.URL = "demo:"
	}
}

// failed tells whether a key already has a problem.
func (l *loader) failed(key string) bool {
	for _, p := range l.problems {
		if p.Key == key {
			return true
		}
	}
	return false
}

func (l *loader) origin(key string) From {
	if f, ok := l.from[key]; ok {
		return f
	}
	return From{Kind: FromDefault}
}

func rank(k FromKind) int {
	switch k {
	case FromFile:
		return 1
	case FromCentre:
		return 2
	case FromEnvironment:
		return 3
	case FromFlag:
		return 4
	}
	return 0
}

// resolve follows the links of what of a path is there.
func resolve(p string) string {
	rest := ""
	for dir := p; ; {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			return filepath.Join(real, rest)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return p
		}
		rest = filepath.Join(filepath.Base(dir), rest)
		dir = parent
	}
}

func quotePath(p string) string { return `"` + cutText(p) + `"` }

// nearest is the known key most like key, "" where none is near.
func nearest(key string, known []string) string {
	best, near := 3, ""
	if len(key) > 64 {
		return ""
	}
	for _, k := range known {
		if _, last, ok := strings.Cut(k, "."); ok && last == key { // only the table is missing
			return k
		}
		if d := distance(key, k); d < best {
			best, near = d, k
		}
	}
	return near
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
