package main

import (
	"errors"
	"fmt"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/assets"
)

// consentTexts are the texts of consent of this installation, by language.
type consentTexts struct {
	shown  kiosk.ConsentShown
	hashes map[domain.Lang]string
	// closed is why nobody can be registered; then nobody is asked either.
	closed error
}

var _ kiosk.ConsentText = consentTexts{}

// errNoText says that there is no text in a language.
var errNoText = errors.New("no consent text")

func newConsentTexts(organisation string, months int, closed error) (consentTexts, error) {
	t := consentTexts{
		shown:  kiosk.ConsentShown{Version: assets.ConsentVersion, Months: months},
		hashes: map[domain.Lang]string{}, closed: closed,
	}
	for _, l := range assets.Langs() {
		c, err := assets.ConsentFor(assets.ConsentVersion, l, organisation, months)
		if err != nil {
			return consentTexts{}, fmt.Errorf("consent: %w", err)
		}
		t.hashes[domain.Lang(l)] = c.SHA256()
	}
	return t, nil
}

// ConsentText implements kiosk.ConsentText.
func (t consentTexts) ConsentText(l domain.Lang) (kiosk.ConsentShown, string, error) {
	if t.closed != nil {
		return kiosk.ConsentShown{}, "", fmt.Errorf("nobody can be registered: %w", t.closed)
	}
	hash, ok := t.hashes[l]
	if !ok {
		return kiosk.ConsentShown{}, "", fmt.Errorf("%w in %q", errNoText, l)
	}
	return t.shown, hash, nil
}
