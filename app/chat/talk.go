package chat

import "agentid/app/chat/lexicon"

// Talk is what people say to a kiosk beside questions.
type Talk string

// The kinds of small talk.
const (
	NoTalk     Talk = ""
	TalkHello  Talk = "hello"
	TalkThanks Talk = "thanks"
	TalkBye    Talk = "bye"
	TalkCan    Talk = "can" // what can you do, who are you
	TalkYes    Talk = "yes"
	TalkNo     Talk = "no"
)

// talks lists them from the one that says most: "hola, qué podés hacer".
var talks = []struct {
	concept string
	talk    Talk
}{
	{"talk_can", TalkCan}, {"talk_bye", TalkBye}, {"talk_thanks", TalkThanks}, {"talk_hello", TalkHello}, {"talk_yes", TalkYes}, {"talk_no", TalkNo},
}

// smallTalk tells what a text is that asks nothing: it holds a greeting or the
// like, and no word that names a topic.
func smallTalk(slots []lexicon.Slot) Talk {
	found := NoTalk
	rank := len(talks)
	for _, s := range slots {
		is := false
		for i, t := range talks {
			if s.Has(t.concept) {
				is = true
				if i < rank {
					found, rank = t.talk, i
				}
			}
		}
		if !is && s.Kind >= lexicon.Plain {
			return NoTalk
		}
	}
	return found
}
