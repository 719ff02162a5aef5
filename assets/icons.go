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
	IconSeal         Icon = "seal" // the product: a face ring that is also a seal
	IconArrow        Icon = "arrow"
	IconBack         Icon = "back"
	IconBackspace    Icon = "backspace"
	IconBook         Icon = "book"
	IconCamera       Icon = "camera"
	IconCameraOff    Icon = "camera-off"
	IconCaps         Icon = "caps"
	IconCentre       Icon = "centre"
	IconChart        Icon = "chart"
	IconChat         Icon = "chat"
	IconCheck        Icon = "check"
	IconCloser       Icon = "closer"
	IconCross        Icon = "cross"
	IconDown         Icon = "down"
	IconDownload     Icon = "download"
	IconEdit         Icon = "edit"
	IconErase        Icon = "erase"
	IconExit         Icon = "exit"
	IconEye          Icon = "eye"
	IconFace         Icon = "face"
	IconGear         Icon = "gear"
	IconHelp         Icon = "help"
	IconIDCard       Icon = "id-card"
	IconInbox        Icon = "inbox"
	IconInfo         Icon = "info"
	IconKeyboardDown Icon = "keyboard-down"
	IconLeft         Icon = "left"
	IconLight        Icon = "light"
	IconList         Icon = "list"
	IconLock         Icon = "lock"
	IconLook         Icon = "look"
	IconMenu         Icon = "menu"
	IconNetwork      Icon = "network"
	IconOffline      Icon = "offline"
	IconPeople       Icon = "people"
	IconPerson       Icon = "person"
	IconPlus         Icon = "plus"
	IconPrinter      Icon = "printer"
	IconQR           Icon = "qr"
	IconRadio        Icon = "radio"
	IconRadioOn      Icon = "radio-on"
	IconReceipt      Icon = "receipt"
	IconRetry        Icon = "retry"
	IconRight        Icon = "right"
	IconScreen       Icon = "screen"
	IconSearch       Icon = "search"
	IconShield       Icon = "shield"
	IconShift        Icon = "shift"
	IconShiftOn      Icon = "shift-on"
	IconSilence      Icon = "silence"
	IconSpeak        Icon = "speak"
	IconStill        Icon = "still"
	IconThumbDown    Icon = "thumb-down"
	IconThumbUp      Icon = "thumb-up"
	IconTurn         Icon = "turn"
	IconTurnLeft     Icon = "turn-left"
	IconTurnRight    Icon = "turn-right"
	IconUserOff      Icon = "user-off"
	IconUserPlus     Icon = "user-plus"
	IconWarn         Icon = "warn"
	IconWrite        Icon = "write"
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
