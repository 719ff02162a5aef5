package assets

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
)

// known are the constants of icons.go.
var known = []Icon{
	IconSeal, IconArrow, IconBack, IconBackspace, IconBook, IconCamera, IconCameraOff, IconCaps,
	IconCentre, IconChat, IconCheck, IconCloser, IconCross, IconErase, IconEye, IconFace,
	IconHelp, IconIDCard, IconKeyboardDown, IconLight, IconLock, IconLook, IconNetwork, IconOffline, IconPeople,
	IconPerson, IconPrinter, IconQR, IconRadio, IconRadioOn, IconReceipt, IconScreen, IconShift, IconShiftOn,
	IconStill, IconTurn, IconTurnLeft, IconTurnRight, IconUserOff, IconUserPlus, IconWarn,
	IconSilence, IconSpeak, IconThumbDown, IconThumbUp, IconWrite,
	IconChart, IconDown, IconDownload, IconEdit, IconExit, IconGear, IconInbox, IconInfo, IconLeft, IconList,
	IconMenu, IconPlus, IconRetry, IconRight, IconSearch, IconShield,
}

func TestIcons(t *testing.T) {
	named := make(map[string]bool)
	for _, i := range known {
		named[string(i)+".svg"] = true
		b, err := i.SVG()
		if err != nil {
			t.Error(err)
			continue
		}
		d := xml.NewDecoder(bytes.NewReader(b))
		for err == nil {
			_, err = d.Token()
		}
		if err != io.EOF {
			t.Errorf("%s is not XML: %v", i, err)
		}
		if i != IconSeal && !strings.Contains(string(b), `stroke="currentColor"`) {
			t.Errorf("%s does not take the colour of its place", i)
		}
		if len(b) > 4<<10 {
			t.Errorf("%s is %d bytes", i, len(b))
		}
	}
	files, err := fs.ReadDir(icons, "icons")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !named[f.Name()] {
			t.Errorf("%s has no constant", f.Name())
		}
	}
	if _, err := Icon("../go").SVG(); !errors.Is(err, fs.ErrInvalid) && !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an unknown icon: %v", err)
	}
}
