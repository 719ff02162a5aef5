package config

import (
	"strings"
	"time"

	"agentid/vision/mjpeg/framesize"
)

// setting is one key of the configuration. All that is done with keys, in
// files, variables, flags, help and tests, goes by this list.
type setting struct {
	key   string // in a file; a dot stands for a table
	flag  string // without the dashes
	value func(*Config) value
	help  text
	path  bool // a path: ~ is expanded, and it is made absolute
}

// env is the name of the setting's variable.
func (s setting) env() string {
	return "AGENTID_" + strings.ToUpper(strings.ReplaceAll(s.key, ".", "_"))
}

// settings lists all keys: those without a table first, then by table.
func settings() []setting {
	str := func(p func(*Config) *string, check func(string) *fault) func(*Config) value {
		return func(c *Config) value { return textValue{p(c), check} }
	}
	num := func(p func(*Config) *int, low, high int, zero bool) func(*Config) value {
		return func(c *Config) value { return intValue{p(c), low, high, zero} }
	}
	flt := func(p func(*Config) *float64, low, high float64) func(*Config) value {
		return func(c *Config) value { return floatValue{p(c), low, high} }
	}
	yes := func(p func(*Config) *bool) func(*Config) value {
		return func(c *Config) value { return boolValue{p(c)} }
	}
	dur := func(p func(*Config) *time.Duration, low, high time.Duration) func(*Config) value {
		return func(c *Config) value { return durationValue{p(c), low, high} }
	}
	return []setting{
		{key: "data_dir", flag: "data-dir", path: true,
			value: str(func(c *Config) *string { return &c.DataDir }, nil),
			help:  text{"carpeta de datos", "data folder"}},
		{key: "master_key_file", flag: "master-key-file", path: true,
			value: str(func(c *Config) *string { return &c.MasterKeyFile }, nil),
			help:  text{"archivo de la clave maestra, fuera de la carpeta de datos", "file of the master key, outside the data folder"}},
		{key: "lang", flag: "lang",
			value: func(c *Config) value { return langValue{&c.Lang} },
			help:  text{"idioma inicial: es o en", "language at start: es or en"}},
		{key: "models_dir", flag: "models-dir", path: true,
			value: str(func(c *Config) *string { return &c.ModelsDir }, nil),
			help:  text{"carpeta de modelos, antes que las demás", "folder of models, before the others"}},
		{key: "demo", flag: "demo",
			value: yes(func(c *Config) *bool { return &c.Demo }),
			help:  text{"personas dibujadas en lugar de la cámara", "drawn people instead of the camera"}},

		{key: "site.organisation", flag: "site-organisation",
			value: str(func(c *Config) *string { return &c.Site.Organisation }, atMost(60)),
			help:  text{"organización, como se lee en pantalla", "organisation, as the screen shows it"}},
		{key: "site.branch", flag: "site-branch",
			value: str(func(c *Config) *string { return &c.Site.Branch }, atMost(60)),
			help:  text{"sucursal o sede, como se lee en pantalla", "branch or campus, as the screen shows it"}},

		{key: "camera.url", flag: "camera-url",
			value: func(c *Config) value { return addressValue{&c.Camera.URL} },
			help:  text{"cámara: http(s)://…, rtsp://…, device:N, demo: o none: (ninguna)", "camera: http(s)://…, rtsp://…, device:N, demo: or none:"}},
		{key: "camera.control_url", flag: "camera-control-url",
			value: func(c *Config) value { return controlValue{&c.Camera.ControlURL} },
			help:  text{"puerto de control de la ESP32-CAM, si no es el usual", "control port of the ESP32-CAM, where it is not the usual one"}},
		{key: "camera.framesize", flag: "camera-framesize",
			value: str(func(c *Config) *string { return &c.Camera.FrameSize }, checkFrameSize),
			help:  text{"tamaño que se pide a la ESP32-CAM, como vga; vacío no lo cambia", "size asked of the ESP32-CAM, like vga; empty leaves it"}},
		{key: "camera.quality", flag: "camera-quality",
			value: num(func(c *Config) *int { return &c.Camera.Quality }, 4, 63, true),
			help:  text{"calidad JPEG que se pide, de 4 (mejor) a 63; 0 no la cambia", "JPEG quality asked for, 4 (best) to 63; 0 leaves it"}},
		{key: "camera.led", flag: "camera-led",
			value: num(func(c *Config) *int { return &c.Camera.LED }, -1, 255, false),
			help:  text{"luz de la cámara, de 0 a 255; -1 no la cambia", "light of the camera, 0 to 255; -1 leaves it"}},

		{key: "recognition.detector", flag: "detector",
			value: str(func(c *Config) *string { return &c.Recognition.Detector }, oneOf("auto", "haar", "yunet", "hog")),
			help:  text{"detector: auto, haar, yunet o hog", "detector: auto, haar, yunet or hog"}},
		{key: "recognition.encoder", flag: "encoder",
			value: str(func(c *Config) *string { return &c.Recognition.Encoder }, checkModel),
			help:  text{"codificador: auto, dlib, onnx o un id de modelo", "encoder: auto, dlib, onnx or a model id"}},
		{key: "recognition.threshold", flag: "threshold",
			value: flt(func(c *Config) *float64 { return &c.Recognition.Threshold }, 0, 2),
			help:  text{"distancia máxima de una coincidencia; 0 toma la del modelo", "largest distance of a match; 0 takes the model's"}},
		{key: "recognition.margin", flag: "margin",
			value: flt(func(c *Config) *float64 { return &c.Recognition.Margin }, 0, 1),
			help:  text{"ventaja sobre la segunda persona", "margin to the second person"}},
		{key: "recognition.votes", flag: "votes",
			value: num(func(c *Config) *int { return &c.Recognition.Votes }, 1, 9, false),
			help:  text{"cuadros que deben coincidir", "frames that must agree"}},
		{key: "recognition.min_face_px", flag: "min-face-px",
			value: num(func(c *Config) *int { return &c.Recognition.MinFacePx }, 48, 1000, false),
			help:  text{"tamaño mínimo de un rostro, en píxeles", "smallest face, in pixels"}},
		{key: "recognition.recheck", flag: "recheck",
			value: dur(func(c *Config) *time.Duration { return &c.Recognition.Recheck }, 500*time.Millisecond, time.Minute),
			help:  text{"cada cuánto se vuelve a mirar un rostro", "how often a face is looked at again"}},
		{key: "recognition.cooldown", flag: "cooldown",
			value: dur(func(c *Config) *time.Duration { return &c.Recognition.Cooldown }, time.Second, 24*time.Hour),
			help:  text{"ausencia tras la cual empieza otra visita", "absence after which another visit begins"}},

		{key: "recognition.verify_threshold", flag: "verify-threshold",
			value: flt(func(c *Config) *float64 { return &c.Recognition.VerifyThreshold }, 0, 2),
			help:  text{"distancia máxima entre un rostro y el de su credencial; 0 toma la del modelo", "largest distance between a face and that of its badge; 0 takes the model's"}},
		{key: "recognition.max_spread", flag: "max-spread",
			value: flt(func(c *Config) *float64 { return &c.Recognition.MaxSpread }, 0, 2),
			help:  text{"distancia máxima entre dos fotos de un registro; 0 toma la del modelo", "largest distance between two pictures of a registration; 0 takes the model's"}},

		{key: "liveness.mode", flag: "liveness",
			value: str(func(c *Config) *string { return &c.Liveness.Mode }, oneOf("off", "either", "both")),
			help:  text{"prueba de vida: off, either (sin gesto si basta la foto) o both", "proof of life: off, either (no gesture where the picture will do) or both"}},
		{key: "liveness.min_score", flag: "liveness-min-score",
			value: flt(func(c *Config) *float64 { return &c.Liveness.MinScore }, 0.01, 1),
			help:  text{"puntaje desde el cual la foto basta, de 0.01 a 1", "score from which the picture will do, 0.01 to 1"}},
		{key: "liveness.timeout", flag: "liveness-timeout",
			value: dur(func(c *Config) *time.Duration { return &c.Liveness.Timeout }, 3*time.Second, time.Minute),
			help:  text{"tiempo para hacer el gesto que se pide", "time for the gesture that is asked"}},
		{key: "liveness.gestures", flag: "liveness-gestures",
			value: str(func(c *Config) *string { return &c.Liveness.Gestures }, oneOf("all", "turn", "blink")),
			help:  text{"gestos que se piden: all, turn (girar la cabeza) o blink (parpadear)", "gestures asked for: all, turn (of the head) or blink"}},

		{key: "badge.key_file", flag: "badge-key-file", path: true,
			value: str(func(c *Config) *string { return &c.Badge.KeyFile }, nil),
			help:  text{"archivo de la clave que firma credenciales, fuera de la carpeta de datos", "file of the key that signs badges, outside the data folder"}},
		{key: "badge.trusted_keys_file", flag: "badge-trusted-keys-file", path: true,
			value: str(func(c *Config) *string { return &c.Badge.TrustedKeysFile }, nil),
			help:  text{"claves públicas de otros kioscos, una por línea", "public keys of other kiosks, one a line"}},
		{key: "badge.valid_days", flag: "badge-valid-days",
			value: num(func(c *Config) *int { return &c.Badge.ValidDays }, 1, 3650, false),
			help:  text{"días que vale una credencial", "days for which a badge is valid"}},
		{key: "badge.printer", flag: "badge-printer",
			value: str(func(c *Config) *string { return &c.Badge.Printer }, checkPrinter),
			help:  text{"impresora de CUPS para las credenciales; vacía no imprime", "printer of CUPS for badges; empty prints none"}},
		{key: "badge.media", flag: "badge-media",
			value: str(func(c *Config) *string { return &c.Badge.Media }, checkPrinter),
			help:  text{"papel que se pide a CUPS, como A4; vacío es el de la impresora", "media asked of CUPS, like A4; empty is the printer's own"}},
		{key: "badge.paper", flag: "badge-paper",
			value: str(func(c *Config) *string { return &c.Badge.Paper }, oneOf("card", "a4")),
			help:  text{"hoja que se imprime: card (una tarjeta) o a4 (para recortar)", "page that is printed: card, or a4 (to cut out)"}},
		{key: "badge.pdf_dir", flag: "badge-pdf-dir", path: true,
			value: str(func(c *Config) *string { return &c.Badge.PDFDir }, nil),
			help:  text{"carpeta de las credenciales en PDF, si no hay impresora", "folder of badges as PDF, where there is no printer"}},

		{key: "retention.months", flag: "retention-months",
			value: num(func(c *Config) *int { return &c.Retention.Months }, 1, 120, false),
			help:  text{"meses sin venir tras los cuales se borra a una persona", "months of absence after which a person is erased"}},
		{key: "retention.snapshot_days", flag: "retention-snapshot-days",
			value: num(func(c *Config) *int { return &c.Retention.SnapshotDays }, 1, 3650, false),
			help:  text{"días que se guardan las fotos de los eventos", "days for which pictures of events are kept"}},

		{key: "snapshots.enabled", flag: "snapshots",
			value: yes(func(c *Config) *bool { return &c.Snapshots.Enabled }),
			help:  text{"guardar una foto cifrada de quien se reconoce y lo consintió", "keep an encrypted picture of those recognised who consented"}},

		{key: "faq.dir", flag: "faq-dir", path: true,
			value: str(func(c *Config) *string { return &c.FAQ.Dir }, nil),
			help:  text{"carpeta con es.faq y en.faq propios, en lugar de los incluidos", "folder with es.faq and en.faq of one's own, instead of the built-in ones"}},
		{key: "faq.bank", flag: "faq-bank",
			value: str(func(c *Config) *string { return &c.FAQ.Bank }, atMost(120)),
			help:  text{"cómo se llama la entidad en las respuestas; vacío es la organización", "what answers call the bank; empty is the organisation"}},
		{key: "faq.branch", flag: "faq-branch",
			value: str(func(c *Config) *string { return &c.FAQ.Branch }, atMost(120)),
			help:  text{"cómo se llama la sucursal en las respuestas; vacío es la del kiosco", "what answers call the branch; empty is the kiosk's"}},
		{key: "faq.hours", flag: "faq-hours",
			value: str(func(c *Config) *string { return &c.FAQ.Hours }, atMost(120)),
			help:  text{"horario de atención", "opening hours"}},
		{key: "faq.hours_en", flag: "faq-hours-en",
			value: str(func(c *Config) *string { return &c.FAQ.HoursEN }, atMost(120)),
			help:  text{"horario de atención, en inglés", "opening hours, in English"}},
		{key: "faq.phone", flag: "faq-phone",
			value: str(func(c *Config) *string { return &c.FAQ.Phone }, atMost(120)),
			help:  text{"teléfono de atención", "telephone of customer service"}},
		{key: "faq.address", flag: "faq-address",
			value: str(func(c *Config) *string { return &c.FAQ.Address }, atMost(120)),
			help:  text{"dirección de la sucursal", "address of the branch"}},
		{key: "faq.website", flag: "faq-website",
			value: str(func(c *Config) *string { return &c.FAQ.Website }, atMost(120)),
			help:  text{"sitio web", "web site"}},
		{key: "faq.atm_limit", flag: "faq-atm-limit",
			value: str(func(c *Config) *string { return &c.FAQ.ATMLimit }, atMost(120)),
			help:  text{"límite diario de retiro en cajeros", "daily limit of withdrawals at ATMs"}},
		{key: "faq.atm_limit_en", flag: "faq-atm-limit-en",
			value: str(func(c *Config) *string { return &c.FAQ.ATMLimitEN }, atMost(120)),
			help:  text{"límite diario de retiro en cajeros, en inglés", "daily limit of withdrawals at ATMs, in English"}},

		{key: "voice.command", flag: "voice-command",
			value: str(func(c *Config) *string { return &c.Voice.Command }, checkVoice),
			help:  text{"programa que lee las respuestas en voz alta: spd-say o espeak-ng; vacío no habla", "program that reads answers aloud: spd-say or espeak-ng; empty is silent"}},

		{key: "centre.url", flag: "centre-url",
			value: str(func(c *Config) *string { return &c.Centre.URL }, checkCentre),
			help:  text{"dirección del centro, https://…; vacía: este kiosco trabaja solo", "address of the centre, https://…; empty: this kiosk works alone"}},
		{key: "centre.ca_file", flag: "centre-ca-file", path: true,
			value: str(func(c *Config) *string { return &c.Centre.CAFile }, nil),
			help:  text{"certificados (PEM) que avalan al centro; vacío son los del sistema", "certificates (PEM) that vouch for the centre; empty is the system's"}},
		{key: "centre.key_file", flag: "centre-key-file", path: true,
			value: str(func(c *Config) *string { return &c.Centre.KeyFile }, nil),
			help:  text{"archivo de las claves de este kiosco ante el centro, fuera de la carpeta de datos; vacío es centre.key junto a la clave maestra", "file of this kiosk's keys for the centre, outside the data folder; empty is centre.key beside the master key"}},
		{key: "sync.rate_kbps", flag: "sync-rate-kbps",
			value: num(func(c *Config) *int { return &c.Sync.RateKbps }, 0, 1_000_000, false),
			help:  text{"tope de lo que se envía y recibe del centro, en miles de bits por segundo; 0 es sin tope", "cap on what goes to and comes from the centre, in thousands of bits a second; 0 is no cap"}},

		{key: "ui.windowed", flag: "windowed",
			value: yes(func(c *Config) *bool { return &c.UI.Windowed }),
			help:  text{"en una ventana, no a pantalla completa", "in a window, not on the full screen"}},
		{key: "ui.width", flag: "width",
			value: num(func(c *Config) *int { return &c.UI.Width }, 320, 8192, false),
			help:  text{"ancho de la ventana, en píxeles", "width of the window, in pixels"}},
		{key: "ui.height", flag: "height",
			value: num(func(c *Config) *int { return &c.UI.Height }, 320, 8192, false),
			help:  text{"alto de la ventana, en píxeles", "height of the window, in pixels"}},
		{key: "ui.dark", flag: "dark",
			value: yes(func(c *Config) *bool { return &c.UI.Dark }),
			help:  text{"tema oscuro", "dark theme"}},

		{key: "telemetry.addr", flag: "telemetry-addr",
			value: str(func(c *Config) *string { return &c.Telemetry.Addr }, checkLoopback),
			help:  text{"dirección local de métricas y salud; vacía la apaga", "loopback address of metrics and health; empty turns it off"}},

		{key: "export.dir", flag: "export-dir", path: true,
			value: str(func(c *Config) *string { return &c.Export.Dir }, nil),
			help:  text{"carpeta de las listas que se exportan; vacía es una dentro de data_dir", "folder of the lists that are exported; empty is one within data_dir"}},

		{key: "log.level", flag: "log-level",
			value: func(c *Config) value { return levelValue{&c.Log.Level} },
			help:  text{"detalle del registro: debug, info, warn o error", "detail of the log: debug, info, warn or error"}},
		{key: "log.file", flag: "log-file", path: true,
			value: str(func(c *Config) *string { return &c.Log.File }, nil),
			help:  text{"archivo del registro; vacío es la salida de errores", "file of the log; empty is standard error"}},
	}
}

func checkFrameSize(s string) *fault {
	if _, ok := framesize.ByName(s); ok || s == "" {
		return nil
	}
	return &fault{text{"no es un tamaño conocido", "is not a known size"}, text{
		"Escriba por ejemplo qvga, vga, svga, xga, hd o uxga, o nada para no cambiarlo.",
		"Write for example qvga, vga, svga, xga, hd or uxga, or nothing to leave it as it is."}}
}
