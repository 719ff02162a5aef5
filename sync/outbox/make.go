package outbox

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"agentid/app/domain"
	"agentid/sync/protocol"
)

// letter is a notice on its way.
type letter struct {
	key      domain.NoticeKey
	attempts int
	item     protocol.Item
}

// errUnmade says that a notice can never be told, whatever the centre is.
type errUnmade struct{ error }

// letters makes items of notices. What can never be told is settled as dead;
// what was sent before is sent as it was.
func (o *Outbox) letters(ctx context.Context, notices []domain.Notice) ([]letter, error) {
	var out []letter
	var keep []domain.MadeNotice
	var kept []int // where in out they are
	var dead []domain.Settlement
	for _, n := range notices {
		item, err := o.item(ctx, n)
		var unmade errUnmade
		if errors.As(err, &unmade) {
			dead = append(dead, domain.Settlement{Key: n.Key, Why: "cannot be told: " + unmade.Error()})
			continue
		}
		if err != nil {
			return nil, err
		}
		// What is sealed anew each time, and what a visitor may rate meanwhile.
		if n.Item == "" && (n.Person != nil || n.Exchange != nil) {
			m := domain.MadeNotice{Key: n.Key, Item: item.ID, Body: item.Body}
			if n.Person != nil {
				m.UpTo = n.Person.UpTo
			}
			keep = append(keep, m)
			kept = append(kept, len(out))
		}
		out = append(out, letter{key: n.Key, attempts: n.Attempts, item: item})
	}
	if len(dead) > 0 {
		if err := o.o.Queue.SettleNotices(ctx, dead); err != nil {
			return nil, local(err)
		}
	}
	if len(keep) == 0 {
		return out, nil
	}
	stands, err := o.o.Queue.KeepNotices(ctx, keep)
	if err != nil {
		return nil, local(err)
	}
	for i, ok := range stands {
		if !ok {
			out[kept[i]].item.ID = ""
		}
	}
	standing := out[:0]
	for _, l := range out {
		if l.item.ID != "" {
			standing = append(standing, l)
		}
	}
	return standing, nil
}

func (o *Outbox) item(ctx context.Context, n domain.Notice) (it protocol.Item, err error) {
	switch {
	case n.Item != "":
		it = protocol.Item{Kind: protocol.Kind(n.Key.Kind), ID: n.Item, Body: n.Body}
		_, err = protocol.DecodeBody(it.Kind, it.Body)
	case n.Event != nil:
		it, err = protocol.EventItem(*n.Event)
	case n.Erasure != nil:
		it, err = protocol.TombstoneItem(n.Erasure.Person, n.Erasure.Receipt)
	case n.Consent != nil:
		it, err = protocol.ConsentItem(*n.Consent)
	case n.Badge != nil:
		it, err = badgeItem(*n.Badge)
	case n.BadgeKey != nil:
		it, err = protocol.BadgeKeyItem(*n.BadgeKey)
	case n.Exchange != nil:
		it, err = exchangeItem(*n.Exchange)
	case n.Case != nil:
		it, err = caseItem(*n.Case)
	case n.Person != nil:
		key, kerr := o.o.Centre.SiteKey(ctx, "")
		if kerr != nil {
			return it, kerr
		}
		it, err = personItem(*n.Person, n.Key.Version, key)
	default:
		err = errors.New("nothing in it")
	}
	if err != nil {
		err = errUnmade{err}
	}
	return it, err
}

func badgeItem(b domain.Badge) (protocol.Item, error) {
	version := int64(1)
	if !b.RevokedAt.IsZero() {
		version = 2
	}
	return protocol.NewItem(protocol.KindBadge, protocol.DerivedID(protocol.KindBadge, string(b.ID), version), &protocol.Badge{
		ID: b.ID, Person: b.Person, NotBefore: b.NotBefore, Expires: b.Expires, Templates: b.Templates,
		RevokedAt: b.RevokedAt, Revoked: b.Revoked,
	})
}

// exchangeItem tells a question whole: with what the visitor said of the answer.
func exchangeItem(e domain.Exchange) (protocol.Item, error) {
	x := &protocol.Exchange{
		At: e.At, Lang: e.Lang, Question: e.Question, Entry: e.Topic, Score: e.Confidence, Outcome: string(e.Outcome),
	}
	switch e.Outcome {
	case domain.ExchangeLost:
		x.Outcome = "unanswered"
	case domain.ExchangeHandedOff:
		x.Outcome = "handed_off"
	}
	if e.Feedback != domain.NoFeedback {
		helped := e.Feedback == domain.Liked
		x.Helpful = &helped
	}
	return protocol.NewItem(protocol.KindExchange, e.ID, x)
}

// caseItem tells of a case what it is about; what was said stays at the branch.
func caseItem(c domain.Case) (protocol.Item, error) {
	return protocol.NewItem(protocol.KindCase, protocol.DerivedID(protocol.KindCase, c.ID, c.Version), &protocol.Case{
		ID: c.ID, Version: c.Version, OpenedAt: c.At, Lang: c.Lang, Person: c.Person,
		Topic: c.Topic(), Question: clip(c.Question(), protocol.MaxText), State: string(c.State),
	})
}

// personItem seals what is to be told of a person. It never seals the same
// twice: the queue keeps it.
func personItem(n domain.PersonNews, version int64, key *protocol.SiteKey) (protocol.Item, error) {
	id := n.Person.ID
	p := &protocol.Person{
		ID: id, Version: version, CreatedAt: n.Person.CreatedAt, KeyID: key.ID,
		Fields: map[string]protocol.Field{}, Dropped: n.Dropped, SecondFactor: n.SecondFactor,
	}
	for field, value := range map[domain.PersonField]string{
		domain.FieldName: n.Person.Name, domain.FieldDocument: n.Document, domain.FieldContact: n.Contact,
	} {
		at, changed := n.Changed[field]
		if !changed {
			continue
		}
		name := string(field)
		p.Fields[name] = protocol.Field{At: at, Sealed: key.SealField(string(id), name, value)}
		if field == domain.FieldDocument && value != "" {
			p.DocumentTag = key.Tag(name, value)
		}
	}
	for _, t := range n.Templates {
		sealed, err := key.SealVector(t)
		if err != nil {
			return protocol.Item{}, err
		}
		p.Templates = append(p.Templates, protocol.Template{
			ID: t.ID, Encoder: t.Encoder, Quality: t.Quality, CreatedAt: t.CreatedAt, Sealed: sealed,
		})
	}
	return protocol.NewItem(protocol.KindPerson, protocol.DerivedID(protocol.KindPerson, string(id), version), p)
}

// settlements are what the centre's answers mean, item by item.
func settlements(sent []letter, answers []protocol.Answer) (list []domain.Settlement, refused int) {
	for i, a := range answers {
		end := domain.Settlement{Key: sent[i].key, Done: a.Status.Done()}
		if a.Status == protocol.StatusRejected && a.Reason == protocol.RejectErased {
			end.Done = true
		}
		if !end.Done {
			refused++
			end.Why = clip(strings.TrimSpace(fmt.Sprintf("%s: %s %s", a.Status, a.Reason, a.Detail)), 2*protocol.MaxDetail)
		}
		list = append(list, end)
	}
	return list, refused
}

// clip bounds a text to n bytes of whole characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
