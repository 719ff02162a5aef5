package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"agentid/app/badge"
	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/assets"
)

// cardPrinter prints badges as cards, in the words of the visitor's language.
type cardPrinter struct {
	to           badge.Printer
	desk         *badgeDesk
	paper        badge.Paper
	organisation string
	texts        *assets.Texts
	clock        domain.Clock
	log          *slog.Logger
}

var _ kiosk.Printer = (*cardPrinter)(nil)

// printer is where badges go, nil where nothing is configured: to CUPS, or else
// into a folder.
func (c *cli) printer() badge.Printer {
	b := c.cfg.Badge
	switch {
	case b.Printer != "":
		p := badge.CUPS{Destination: b.Printer}
		if b.Media != "" {
			p.Options = []string{"media=" + b.Media}
		}
		return p
	case b.PDFDir != "":
		return badge.Folder{Dir: b.PDFDir}
	}
	return nil
}

// cardPrinter is the printer of the kiosk, nil where none is configured.
func (c *cli) cardPrinter(desk *badgeDesk, organisation string, texts *assets.Texts) *cardPrinter {
	to := c.printer()
	if to == nil {
		return nil
	}
	return &cardPrinter{
		to: to, desk: desk, paper: badge.Paper(c.cfg.Badge.Paper), organisation: organisation, texts: texts, clock: c.clock, log: c.log,
	}
}

// Print implements kiosk.Printer.
func (p *cardPrinter) Print(ctx context.Context, b domain.Badge, name string, lang domain.Lang) error {
	pdf, err := p.pdf(b, name, lang)
	if err != nil {
		return err
	}
	where, err := p.to.Print(ctx, b.ID, pdf)
	if err != nil {
		return fmt.Errorf("print badge: %w", err)
	}
	p.log.Info("badge printed", slog.String("badge", string(b.ID)), slog.String("where", where))
	return nil
}

// pdf is the card of a badge.
func (p *cardPrinter) pdf(b domain.Badge, name string, lang domain.Lang) ([]byte, error) {
	token, err := p.desk.token(b)
	if err != nil {
		return nil, err
	}
	l := string(lang)
	return badge.Card{
		Token: token, Organisation: p.organisation, Name: name, Made: p.clock.Now(),
		Title: p.texts.Say(l, "card.title"), Note: p.texts.Say(l, "card.note"),
		Validity: p.texts.SayWith(l, "badge.valid", assets.Values{"Date": assets.Date(l, b.Expires.Local())}),
	}.PDF(p.paper)
}

const (
	cardPrefix = "badge-" // as badge.Folder names its files
	cardSuffix = ".pdf"
)

// cardFolder is the folder of cards in PDF, false where none is kept.
func (c *cli) cardFolder() (badge.Folder, bool) {
	return badge.Folder{Dir: c.cfg.Badge.PDFDir}, c.cfg.Badge.PDFDir != ""
}

// badgeFinder knows which badges there are.
type badgeFinder interface {
	Badge(context.Context, domain.BadgeID) (domain.Badge, error)
}

// sweepCards removes the cards of badges that hold no more, and of people who
// were erased: they show a name. It returns how many.
func sweepCards(ctx context.Context, f badge.Folder, badges badgeFinder, now time.Time) (n int, err error) {
	files, err := filepath.Glob(filepath.Join(f.Dir, cardPrefix+"*"+cardSuffix))
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		if info, err := os.Lstat(file); err != nil || !info.Mode().IsRegular() {
			continue
		}
		id := domain.BadgeID(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), cardPrefix), cardSuffix))
		b, err := badges.Badge(ctx, id)
		if err == nil && b.RevokedAt.IsZero() && now.Before(b.Expires) {
			continue
		}
		if err != nil && !errors.Is(err, domain.ErrNotFound) {
			return n, fmt.Errorf("sweep badges: %w", err)
		}
		if err := f.Remove(id); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
