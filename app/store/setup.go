package store

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"

	"agentid/app/domain"
)

const (
	setupBytes = 16 // 128 bits
	// setupGroup is how many characters of a code stand together.
	setupGroup = 4
)

var setupEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// setupReader takes a code as people type it. The digits that base32 lacks are
// the letters that look like them.
var setupReader = strings.NewReplacer("-", "", " ", "", "0", "O", "1", "I", "8", "B")

// NeedsSetup implements domain.FirstRun.
func (s *Store) NeedsSetup(ctx context.Context) (bool, error) {
	has, err := hasAdmin(ctx, s.r)
	return err == nil && !has, wrap("look for an administrator", err)
}

// NewSetupCode implements domain.FirstRun.
func (s *Store) NewSetupCode(ctx context.Context) (string, error) {
	defer s.useKeys()()
	raw := make([]byte, setupBytes)
	rand.Read(raw)
	now := s.now()
	err := s.sealing(ctx, func(tx *sql.Tx) error {
		if err := stillSetup(ctx, tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO setup_code (one, hash, at, until) VALUES (1, ?, ?, ?)
			ON CONFLICT (one) DO UPDATE SET hash = excluded.hash, at = excluded.at, until = excluded.until`,
			s.setupHash(raw), micros(now), micros(now.Add(domain.SetupLasts)))
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, domain.AuditSetupCode, domain.TargetDevice, s.device)
	})
	if err != nil {
		return "", wrap("make set-up code", err)
	}
	text := setupEncoding.EncodeToString(raw)
	var b strings.Builder
	for len(text) > setupGroup {
		b.WriteString(text[:setupGroup] + "-")
		text = text[setupGroup:]
	}
	return b.String() + text, nil
}

// UseSetupCode implements domain.FirstRun. A role may be left out.
func (s *Store) UseSetupCode(ctx context.Context, code string, m domain.Staff, pin string) error {
	defer s.useKeys()()
	return wrap("set up the first administrator", s.useSetupCode(ctx, code, m, pin))
}

func (s *Store) useSetupCode(ctx context.Context, code string, m domain.Staff, pin string) error {
	if m.Role == "" {
		m.Role = domain.RoleAdmin
	}
	if m.Role != domain.RoleAdmin {
		return fmt.Errorf("%w: the first account is an administrator's", domain.ErrRole)
	}
	if err := s.checkSetup(ctx, s.r, code); err != nil {
		return err
	}
	row, err := s.sealStaff(ctx, m, pin)
	if err != nil {
		return err
	}
	return s.sealing(ctx, func(tx *sql.Tx) error {
		if err := s.checkSetup(ctx, tx, code); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM setup_code"); err != nil {
			return err
		}
		if err := row.insert(ctx, tx); err != nil {
			return err
		}
		return s.auditEntry(ctx, tx, domain.AuditEntry{
			Actor: string(m.ID), Role: m.Role, Action: domain.AuditSetupUsed,
			Target: domain.AuditTarget{Kind: domain.TargetStaff, ID: string(m.ID)},
		})
	})
}

// checkSetup compares a code in constant time. A clock that stands before the
// code was made has been set back: its hour cannot be told then.
func (s *Store) checkSetup(ctx context.Context, q queryer, code string) error {
	if err := stillSetup(ctx, q); err != nil {
		return err
	}
	var hash []byte
	var at, until int64
	err := q.QueryRowContext(ctx, "SELECT hash, at, until FROM setup_code").Scan(&hash, &at, &until)
	if errors.Is(err, sql.ErrNoRows) {
		return domain.ErrSetupCode
	}
	if err != nil {
		return err
	}
	raw, err := setupEncoding.DecodeString(setupReader.Replace(strings.ToUpper(clip(code, maxLabel))))
	now := micros(s.clock.Now())
	if err != nil || !hmac.Equal(s.setupHash(raw), hash) || now < at || now >= until {
		return domain.ErrSetupCode // the cause would quote the code
	}
	return nil
}

func stillSetup(ctx context.Context, q queryer) error {
	has, err := hasAdmin(ctx, q)
	if err == nil && has {
		err = domain.ErrSetupDone
	}
	return err
}

// setupHash is keyed: who can write to the file alone cannot plant a code.
func (s *Store) setupHash(raw []byte) []byte {
	m := hmac.New(sha256.New, s.keys.pepper)
	m.Write(place{"setup code", string(raw)}.bytes())
	return m.Sum(nil)
}
