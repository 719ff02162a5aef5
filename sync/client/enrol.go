package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"

	"agentid/sync/protocol"
)

// Enrol joins this kiosk to a centre by a one-time code, and keeps its keys in
// o.KeyFile. What was there before, as of a kiosk that was revoked, is replaced
// once the new membership is on disk, and not before. Cut short at any point,
// it is finished by asking again with the same code while that holds. name is
// what staff call the kiosk.
//
// Errors: *outbox.Refusal (protocol.CodeCode where the code is wrong, used or
// over), protocol.ErrContent for what is no code, ErrAddress, ErrCA,
// ErrKeyExposed.
func Enrol(ctx context.Context, o Options, code, name string) (Membership, error) {
	m, err := enrol(ctx, o, code, name)
	if err != nil {
		return Membership{}, fmt.Errorf("enrol: %w", err)
	}
	return m, nil
}

func enrol(ctx context.Context, o Options, code, name string) (m Membership, err error) {
	if err := o.defaults(); err != nil {
		return m, err
	}
	if code, err = protocol.CleanCode(code); err != nil {
		return m, err
	}
	if err := outside(o.KeyFile, o.DataDir); err != nil {
		return m, err
	}
	next := o.KeyFile + nextSuffix
	id, err := pendingKeys(next, o)
	if err != nil {
		return m, err
	}
	c, err := newClient(o, id)
	if err != nil {
		return m, err
	}
	request := protocol.EnrolRequest{
		Code: code, DeviceID: o.DeviceID, Name: name, Program: o.Program, ExchangeKey: id.exchange.PublicKey().Bytes(),
	}
	if err := request.Sign(id.signing); err != nil {
		return m, err
	}
	body, err := json.Marshal(request)
	if err != nil {
		return m, err
	}
	answer, err := c.do(ctx, call{
		method: http.MethodPost, path: "/v1/enrolments", body: body, contentType: contentJSON, open: true, limit: protocol.MaxSmall,
	})
	if err != nil {
		return m, err
	}
	if m, err = joined(id, o, answer); err != nil {
		return m, err
	}
	id.Membership = &m
	if err := id.write(next); err != nil {
		return m, err
	}
	if err := os.Rename(next, o.KeyFile); err != nil {
		return m, fmt.Errorf("keep keys: %w", err)
	}
	if err := syncDir(filepath.Dir(o.KeyFile)); err != nil {
		return m, fmt.Errorf("keep keys: %w", err)
	}
	return m, nil
}

// pendingKeys are the keys of an enrolment that was cut short, or new ones,
// which are on disk before the centre hears of them.
func pendingKeys(path string, o Options) (*identity, error) {
	id, err := readIdentity(path, o.DataDir)
	if err == nil && id.DeviceID == o.DeviceID {
		return id, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ErrKeyFile) {
		return nil, err
	}
	if id, err = newIdentity(o.DeviceID); err != nil {
		return nil, err
	}
	return id, id.write(path)
}

// joined reads the answer to an enrolment, and holds it to be for this kiosk:
// its site key must open.
func joined(id *identity, o Options, answer []byte) (Membership, error) {
	var a protocol.EnrolAnswer
	if err := protocol.DecodeStrict(answer, protocol.MaxSmall, &a); err != nil {
		return Membership{}, fmt.Errorf("answer: %w", err)
	}
	if a.DeviceID != id.DeviceID || a.SiteID == "" || a.Audience == "" {
		return Membership{}, fmt.Errorf("answer: %w: of another kiosk, or without site or audience", protocol.ErrContent)
	}
	if _, err := protocol.OpenSiteKey(a.SiteID, id.DeviceID, a.SiteKey, id.exchange); err != nil {
		return Membership{}, fmt.Errorf("answer: %w", err)
	}
	return Membership{
		URL: o.URL, SiteID: a.SiteID, SiteName: a.SiteName, Branch: a.Branch, Audience: a.Audience,
		JoinedAt: o.Clock.Now().UTC(), SiteKeys: []protocol.SealedKey{a.SiteKey}, Keys: a.Keys,
	}, nil
}
