package chat

import "agentid/app/domain"

// text is what the kiosk says, in its languages; usted in Spanish.
type text struct{ es, en string }

func (t text) in(l domain.Lang) string {
	if l == domain.English {
		return t.en
	}
	return t.es
}

var (
	sayHello   = text{"Hola. ¿En qué le ayudo?", "Hello. How can I help you?"}
	sayThanks  = text{"De nada. ¿Algo más?", "You are welcome. Anything else?"}
	sayBye     = text{"Gracias por venir. Hasta pronto.", "Thank you for coming. See you soon."}
	sayCan     = text{"Respondo preguntas sobre cuentas, tarjetas, transferencias, cajeros, la sucursal, este kiosco y el campus. Escriba la suya con sus palabras, o llamo a una persona.", "I answer questions about accounts, cards, transfers, ATMs, the branch, this kiosk and the campus. Ask in your own words, or I call a person."}
	sayFine    = text{"Bien. Dígame en qué más le ayudo.", "Fine. Tell me what else you need."}
	sayUseful  = text{"¿Le sirvió?", "Did this help?"}
	sayUnsure  = text{"¿Se refiere a esto?", "Is it one of these?"}
	sayOnlyOne = text{"¿Es esto lo que busca?", "Is it this?"}
	sayLost    = text{"No le entendí bien. Pruebe con otras palabras, o llamo a una persona.", "I did not quite understand. Try other words, or I call a person."}
	sayHandoff = text{"Aviso a una persona del equipo. Le verá aquí y ya sabrá qué preguntó.", "I am calling a member of staff. They will meet you here and know what you asked."}
	sayCalled  = text{"Ya avisé a una persona del equipo. Mientras tanto puede seguir preguntando.", "A member of staff has been called. You can go on asking meanwhile."}
	saySorry   = text{"Lo siento. ¿Es alguna de estas?", "Sorry. Is it one of these?"}
	sayGlad    = text{"Me alegra. ¿Algo más?", "Good. Anything else?"}
	sayCut     = text{"Leí solo el comienzo de su mensaje. ", "I read only the beginning of your message. "}
	sayEmpty   = text{"Escriba su pregunta, por favor.", "Please write your question."}
)
