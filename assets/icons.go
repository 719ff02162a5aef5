package assets

import (
	"embed"
	"fmt"
)

//go:embed icons/*.svg
var icons embed.FS

// Icon names one of our own drawings. All but IconSeal are strokes in
// currentColor on a 24 unit grid.
type Icon string

// The icons.
const (
	IconSeal      Icon = "seal" // the product: a face ring that is also a seal
	IconArrow     Icon = "arrow"
	IconBack      Icon = "back"
	IconCamera    Icon = "camera"
	IconCameraOff Icon = "camera-off"
	IconChat      Icon = "chat"
	IconCheck     Icon = "check"
	IconCloser    Icon = "closer"
	IconFace      Icon = "face"
	IconHelp      Icon = "help"
	IconLight     Icon = "light"
	IconLook      Icon = "look"
	IconNetwork   Icon = "network"
	IconOffline   Icon = "offline"
	IconPeople    Icon = "people"
	IconPerson    Icon = "person"
	IconQR        Icon = "qr"
	IconScreen    Icon = "screen"
	IconStill     Icon = "still"
	IconUserOff   Icon = "user-off"
	IconUserPlus  Icon = "user-plus"
	IconWarn      Icon = "warn"
)

// SVG is the drawing itself. A name that is none of the constants above is an
// error.
func (i Icon) SVG() ([]byte, error) {
	b, err := icons.ReadFile("icons/" + string(i) + ".svg")
	if err != nil {
		return nil, fmt.Errorf("icon %q: %w", string(i), err)
	}
	return b, nil
}
