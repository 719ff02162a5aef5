package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"unicode/utf8"

	"agentid/app/domain"
)

// What a setting may be at most, in bytes.
const (
	MaxSettingKey   = 128
	MaxSettingValue = 64 << 10
)

// SettingGallery is the setting that changes with everybody who is enrolled,
// renamed or erased, in the change's own transaction.
const SettingGallery = "gallery.changed"

// Setting implements domain.Settings.
func (s *Store) Setting(ctx context.Context, key string) (string, error) {
	var v string
	err := s.r.QueryRowContext(ctx, "SELECT value FROM settings WHERE key = ?", key).Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		err = domain.ErrNotFound
	}
	return v, wrap("setting "+clip(key, MaxSettingKey), err)
}

// SetSetting implements domain.Settings. Settings are plain text on disk:
// neither secrets nor anything about a person belongs in them.
func (s *Store) SetSetting(ctx context.Context, key, value string) error {
	switch {
	case key == "" || len(key) > MaxSettingKey || !utf8.ValidString(key):
		return fmt.Errorf("set setting: %w: key of %d bytes", ErrInvalid, len(key))
	case len(value) > MaxSettingValue || !utf8.ValidString(value):
		return fmt.Errorf("set setting %s: %w: value of %d bytes", key, ErrInvalid, len(value))
	}
	return wrap("set setting "+key, transact(ctx, s.w, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx,
			"INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
			key, value)
		return err
	}))
}

// clip bounds a text from outside to n bytes of whole characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
