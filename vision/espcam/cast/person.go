package cast

// Person is one synthetic person. Two Persons with equal fields are drawn the
// same, and NewPerson gives equal fields for an equal seed, on every machine.
type Person struct {
	Name string
	Seed uint64 // of the fine grain: strands, pores, freckles
	Look Look
}

// Style is how the hair is worn.
type Style uint8

// The styles.
const (
	Buzz Style = iota
	SidePart
	Curly
	Receding
	Bob
	Long
	Bun
	Afro
	Bald
	styles
)

// Beard is what grows on the chin.
type Beard uint8

// The beards.
const (
	Shaven Beard = iota
	Stubble
	Moustache
	Goatee
	FullBeard
	beards
)

// Glasses are the frames.
type Glasses uint8

// The glasses.
const (
	NoGlasses Glasses = iota
	Round
	Square
	HalfRim
	glasses
)

// Wear is what the shoulders wear.
type Wear uint8

// The clothes.
const (
	Tee Wear = iota
	Jumper
	Shirt
	Blazer
	wears
)

// Look is what a person looks like. Lengths are in head units: from crown to
// chin are about 2, and the eyes lie at height 0. Colours are 0xRRGGBB.
type Look struct {
	Skin uint32
	// Width is half the width at the cheekbones; Jaw how square the jaw is
	// (2 oval, 4 square); Taper how much it narrows; Chin how far below the
	// eyes it ends; Depth how far the head comes forward.
	Width, Jaw, Taper, Chin, Depth float32
	Cheek                          float32 // of the cheekbones, 0..1
	Ears                           float32 // size, about 1

	// Eyes: distance of each from the middle, height, half width, how far
	// they open, and how much the outer corner rises.
	EyeX, EyeY, EyeW, EyeOpen, EyeTilt float32
	IrisR                              float32
	Iris                               uint32
	Socket                             float32 // depth, about 1
	Lash                               float32 // 0 none .. 1 made up
	Lid                                float32 // distance of the fold

	BrowY, BrowLen, BrowThick, BrowArch, BrowTilt, BrowDark float32

	// Nose: half width at the wings, height of its base, how far it stands
	// out, width of the bridge, roundness of the tip.
	NoseW, NoseY, NoseOut, NoseBridge, NoseTip float32

	// Mouth: height, half width, and thickness of both lips.
	MouthY, MouthW, LipUp, LipLow float32
	Lips                          uint32
	Lipstick                      float32 // 0..1

	Age      float32 // 0 young .. 1 old: folds, lines, bags
	Freckles float32
	Blush    float32

	Style    Style
	Hair     uint32
	Hairline float32 // height of the middle, below 0
	Part     float32 // where the hair parts, -0.5..0.5
	Fringe   float32 // 0 none .. 1 down to the brows
	Volume   float32 // about 1

	Beard    Beard
	BeardC   uint32
	Glasses  Glasses
	Frame    uint32
	LensW    float32 // half width of a lens
	Earrings bool

	Wear        Wear
	Cloth, Trim uint32
	Build       float32 // of neck and shoulders, about 1
}

var (
	skins = []uint32{0xF3D3C0, 0xEBC1A2, 0xDDAB86, 0xC99470, 0xB47E58, 0x93603F, 0x74482E, 0x573522}
	hairs = []uint32{0x14100E, 0x241710, 0x3A2417, 0x553420, 0x74411F, 0xA9773C, 0xC79D5E}
	greys = []uint32{0x8B8986, 0xB9B6B1, 0xD8D5D0}
	irses = []uint32{0x3A2314, 0x4A2D17, 0x6B4522, 0x5C6B3A, 0x4A7190, 0x5E7F8F}
	cloth = []uint32{0x0B6E6E, 0x22385E, 0x7A2E3A, 0xD9D4C7, 0x3C4148, 0xB7652E, 0x53704F, 0x8FA6C0, 0xE9E6E0, 0x5B3F63}
	metal = []uint32{0x1B1B1E, 0x3B2A20, 0x6E2A2A, 0x9C8452, 0x2B3C58}
)

// NewPerson draws a valid random person from a seed.
func NewPerson(name string, seed uint64) Person {
	r := &rng{s: mix(seed ^ 0xa9e27d1dca57)}
	f := func(lo, hi float64) float32 { return float32(r.span(lo, hi)) }
	pick := func(c []uint32) uint32 { return c[r.below(len(c))] }
	woman := r.chance(0.5)
	tone := r.below(len(skins))
	// Darker skins go with darker hair and eyes.
	fair := max(2, len(hairs)-tone)
	k := Look{
		Skin:  skins[tone],
		Width: f(0.66, 0.80), Jaw: f(2.1, 3.4), Taper: f(0.02, 0.20), Chin: f(0.92, 1.08), Depth: f(0.58, 0.68),
		Cheek: f(0.2, 1), Ears: f(0.85, 1.12),
		EyeX: f(0.27, 0.35), EyeY: f(-0.03, 0.03), EyeW: f(0.130, 0.170), EyeOpen: f(0.048, 0.072), EyeTilt: f(-0.08, 0.20),
		IrisR: f(0.062, 0.076), Iris: pick(irses[:max(2, len(irses)-tone)]), Socket: f(0.6, 1.4), Lash: f(0.1, 0.3), Lid: f(0.02, 0.055),
		BrowY: f(-0.25, -0.17), BrowLen: f(0.17, 0.24), BrowThick: f(0.022, 0.048), BrowArch: f(0.00, 0.07), BrowTilt: f(0, 0.07), BrowDark: f(0.5, 1),
		NoseW: f(0.12, 0.20), NoseY: f(0.38, 0.48), NoseOut: f(0.7, 1.35), NoseBridge: f(0.045, 0.075), NoseTip: f(0.6, 1.3),
		MouthY: f(0.61, 0.69), MouthW: f(0.23, 0.31), LipUp: f(0.036, 0.070), LipLow: f(0.055, 0.095), Lips: 0xA85A50,
		Age: f(0, 1), Blush: f(0.1, 0.5),
		Hair: pick(hairs[:min(fair, len(hairs))]), Hairline: f(-0.72, -0.56), Part: f(-0.4, 0.4), Volume: f(0.75, 1.3),
		Wear: Wear(r.below(int(wears))), Cloth: pick(cloth), Trim: pick(cloth), Frame: pick(metal), LensW: f(0.19, 0.25),
		Build: f(0.92, 1.15),
	}
	k.Age *= k.Age
	if r.chance(0.2) {
		k.Freckles = f(0.3, 1)
	}
	if r.chance(0.35) {
		k.Glasses = Glasses(1 + r.below(int(glasses)-1))
	}
	if k.Age > 0.55 {
		k.Hair = pick(greys)
	}
	k.BeardC = k.Hair
	if woman {
		k.Style = []Style{Bob, Long, Bun, Long, Afro, Curly}[r.below(6)]
		k.Lash, k.Lipstick = f(0.5, 1), f(0.2, 1)
		k.Lips = []uint32{0xB4474F, 0xC06058, 0x9C3648, 0xA8524A}[r.below(4)]
		k.Jaw, k.BrowThick, k.Build = min(k.Jaw, 2.6), k.BrowThick*0.75, k.Build*0.88
		k.Taper = 0.08 + 0.8*k.Taper
		k.Earrings = r.chance(0.5)
		if r.chance(0.3) {
			k.Fringe = f(0.5, 1)
		}
	} else {
		k.Style = []Style{Buzz, SidePart, Curly, Receding, SidePart, Bald, Afro}[r.below(7)]
		k.Beard = Beard(r.below(int(beards)))
	}
	return Person{Name: name, Seed: seed, Look: k}
}
