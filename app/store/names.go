package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Names are sealed, each under its own key, and yet staff search among 100,000
// of them. So beside a sealed name stands a blind index: for each of its words,
// an HMAC of the first letters, under a key that hangs on the master key, cut
// to 16 bits. A search looks up the buckets of its own words, opens the names
// found, and shows those that do match.
//
// What it gives away to who steals the file: not a letter of a name, nor can
// they try names without the key. But they see which people share a bucket, and
// how full each is; who knows how common names are in the town may guess that a
// very full one stands for "mar" or "gar". Words are cut short and buckets few,
// so that each holds many words, and a rare name hides among others. Whoever
// does not accept that much keeps no list of names to search in.

// namesKeyInfo names the key of the index of names, for HKDF.
const namesKeyInfo = "agentid name index v1"

const (
	maxNameWords = 12
	maxWordRunes = 32
)

// wordPrefixes are the lengths, in letters, at which words are indexed. A word
// that is shorter than the first is indexed whole.
var wordPrefixes = []int{3, 5}

// unaccented are letters that decompose to none without their mark.
var unaccented = strings.NewReplacer("ß", "ss", "ø", "o", "ł", "l", "đ", "d", "ð", "d", "æ", "ae", "œ", "oe", "ı", "i")

// words splits a name into what is compared: letters and digits, lower case,
// without accents.
func words(text string) []string {
	folded := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(strings.ToValidUTF8(text, " ")))
	list := strings.FieldsFunc(unaccented.Replace(folded), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, w := range list {
		list[i] = firstRunes(w, maxWordRunes)
	}
	return list[:min(len(list), maxNameWords)]
}

// firstRunes is the beginning of a text, n characters at most.
func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// bucket is where the beginning of a word is indexed.
func (k keyring) bucket(prefix string) int {
	m := hmac.New(sha256.New, k.names)
	m.Write([]byte(prefix))
	return int(binary.BigEndian.Uint16(m.Sum(nil)))
}

// nameBuckets lists the buckets of a name, each once.
func (k keyring) nameBuckets(name string) []int {
	var list []int
	for _, w := range words(name) {
		n := utf8.RuneCountInString(w)
		if n < wordPrefixes[0] {
			list = append(list, k.bucket(w))
		}
		for _, p := range wordPrefixes {
			if n >= p {
				list = append(list, k.bucket(firstRunes(w, p)))
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// searchBuckets lists the buckets in all of which a name that matches is, that
// of the longest word, likely the emptiest, first. Words too short to be indexed
// by their beginning count only where there is no other.
func (k keyring) searchBuckets(sought []string) (list []int) {
	for _, w := range longestFirst(sought) {
		n := utf8.RuneCountInString(w)
		if n < wordPrefixes[0] && list != nil {
			break
		}
		for _, p := range slices.Backward(wordPrefixes) {
			if n >= p {
				n = p
				break
			}
		}
		if b := k.bucket(firstRunes(w, n)); !slices.Contains(list, b) {
			list = append(list, b)
		}
	}
	return list
}

func longestFirst(list []string) []string {
	return slices.SortedStableFunc(slices.Values(list), func(a, b string) int {
		return utf8.RuneCountInString(b) - utf8.RuneCountInString(a)
	})
}

// matchesWords tells whether each word sought begins a word of the name, each
// of them another one.
func matchesWords(name string, sought []string) bool {
	have := words(name)
	// The longest first: "ana a" must not spend Ana on the a.
	for _, w := range longestFirst(sought) {
		i := slices.IndexFunc(have, func(h string) bool { return strings.HasPrefix(h, w) })
		if i < 0 {
			return false
		}
		have = slices.Delete(have, i, i+1)
	}
	return true
}

func insertNameIndex(ctx context.Context, tx *sql.Tx, person string, buckets []int) error {
	for _, b := range buckets {
		if _, err := tx.ExecContext(ctx, "INSERT INTO name_index (bucket, person) VALUES (?, ?)", b, person); err != nil {
			return fmt.Errorf("index name: %w", err)
		}
	}
	return nil
}

func replaceNameIndex(ctx context.Context, tx *sql.Tx, person string, buckets []int) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM name_index WHERE person = ?", person); err != nil {
		return err
	}
	return insertNameIndex(ctx, tx, person, buckets)
}

// indexNames fills the index of a database that comes from before it, whole or
// not at all.
func (s *Store) indexNames(ctx context.Context) error {
	var done bool
	if err := s.r.QueryRowContext(ctx, "SELECT names_indexed FROM device").Scan(&done); err != nil || done {
		return wrap("index names", err)
	}
	return wrap("index names", s.sealing(ctx, func(tx *sql.Tx) error {
		for last := ""; ; {
			people, err := s.people(ctx, tx, "WHERE wrapped_key IS NOT NULL AND id > ? ORDER BY id LIMIT ?", last, rotateBatch)
			if err != nil {
				return err
			}
			for _, p := range people {
				if err := replaceNameIndex(ctx, tx, string(p.ID), s.keys.nameBuckets(p.Name)); err != nil {
					return err
				}
				last = string(p.ID)
			}
			if len(people) < rotateBatch {
				break
			}
		}
		_, err := tx.ExecContext(ctx, "UPDATE device SET names_indexed = 1")
		return err
	}))
}
