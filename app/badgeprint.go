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

// cardMaker draws badges as cards, in the words of their reader's language.
type cardMaker struct {
	desk         *badgeDesk
	paper        badge.Paper
	organisation string
	texts        *assets.Texts
	clock        domain.Clock
}

// cardPrinter prints them.
type cardPrinter struct {
	cardMaker
	to  badge.Printer
	log *slog.Logger
}

var (
	_ kiosk.Printer    = (*cardPrinter)(nil)
	_ kiosk.StaffCards = cardMaker{}
)

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

func (c *cli) cardMaker(desk *badgeDesk, organisation string, texts *assets.Texts) cardMaker {
	return cardMaker{desk: desk, paper: badge.Paper(c.cfg.Badge.Paper), organisation: organisation, texts: texts, clock: c.clock}
}

// cardPrinter is the printer of the kiosk, nil where none is configured.
func (c *cli) cardPrinter(desk *badgeDesk, organisation string, texts *assets.Texts) *cardPrinter {
	to := c.printer()
	if to == nil {
		return nil
	}
	return &cardPrinter{cardMaker: c.cardMaker(desk, organisation, texts), to: to, log: c.log}
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

// PrintStaff implements kiosk.Printer.
func (p *cardPrinter) PrintStaff(ctx context.Context, b domain.StaffBadge, name string, lang domain.Lang) error {
	pdf, err := p.StaffCard(b, name, lang)
	if err != nil {
		return err
	}
	where, err := p.to.Print(ctx, b.ID, pdf)
	if err != nil {
		return fmt.Errorf("print badge of staff: %w", err)
	}
	p.log.Info("badge of staff printed", slog.String("badge", string(b.ID)), slog.String("where", where))
	return nil
}

// pdf is the card of a badge.
func (d cardMaker) pdf(b domain.Badge, name string, lang domain.Lang) ([]byte, error) {
	token, err := d.desk.token(b)
	if err != nil {
		return nil, err
	}
	return d.card(token, "card", name, b.Expires, lang)
}

// StaffCard implements kiosk.StaffCards.
func (d cardMaker) StaffCard(b domain.StaffBadge, name string, lang domain.Lang) ([]byte, error) {
	token, err := d.desk.staffToken(b)
	if err != nil {
		return nil, err
	}
	return d.card(token, "card_staff", name, b.Expires, lang)
}

// card is a card with the words of a section of the texts.
func (d cardMaker) card(token, words, name string, expires time.Time, lang domain.Lang) ([]byte, error) {
	l := string(lang)
	return badge.Card{
		Token: token, Organisation: d.organisation, Name: name, Made: d.clock.Now(),
		Title: d.texts.Say(l, words+".title"), Note: d.texts.Say(l, words+".note"),
		Validity: d.texts.SayWith(l, "badge.valid", assets.Values{"Date": assets.Date(l, expires.Local())}),
	}.PDF(d.paper)
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
	StaffBadge(context.Context, domain.BadgeID) (domain.StaffBadge, error)
}

// badgeHolds tells whether there is a badge of that id, a visitor's or of staff,
// that holds.
func badgeHolds(ctx context.Context, badges badgeFinder, id domain.BadgeID, now time.Time) (bool, error) {
	b, err := badges.Badge(ctx, id)
	if err == nil {
		return b.RevokedAt.IsZero() && now.Before(b.Expires), nil
	}
	if !errors.Is(err, domain.ErrNotFound) {
		return false, err
	}
	s, err := badges.StaffBadge(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		return false, nil
	}
	return err == nil && s.RevokedAt.IsZero() && now.Before(s.Expires), err
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
		holds, err := badgeHolds(ctx, badges, id, now)
		if err != nil {
			return n, fmt.Errorf("sweep badges: %w", err)
		}
		if holds {
			continue
		}
		if err := f.Remove(id); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
