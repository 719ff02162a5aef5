package domain

import (
	"context"
	"errors"
)

// ReasonMerged is why a record and its badges ended: it was another one of
// somebody who is here.
const ReasonMerged Reason = "merged"

// Errors of merging.
var (
	ErrMergeSelf = errors.New("one record cannot be merged with itself")
	// ErrMergeChanged: one of the two is not any more as it was shown.
	ErrMergeChanged = errors.New("a record has changed meanwhile")
	// ErrMergeConsent: the one that stays has no consent to keep what the other
	// has. The other way round they can be merged.
	ErrMergeConsent = errors.New("no consent to data on the record that stays")
)

// MergeSide is one of two records, as it is before they are merged.
type MergeSide struct {
	Profile
	Templates int // of whatever encoder
	Lock      Lock
}

// MergePlan is what merging two records of one person does. It is worked out in
// the same way for the screen and for the deed, and holds for one state of both.
//
// What is not named here stays with the record that stays as it is, and is
// erased with the other: a name, a document and a contact of its own, its
// consents and its PIN, which nobody can take along without knowing it.
type MergePlan struct {
	Keep, Gone MergeSide
	// Stamp names the state of both that the plan is about.
	Stamp string
	// Document and Contact pass over: the record that stays has none.
	Document, Contact bool
	// Templates pass over, under the consent of the record that stays.
	Templates int
	// NoConsent: they do not, as no consent to a face stands there.
	NoConsent bool
	// NoData: nothing does, and the two are not merged this way round. The one that
	// stays has no consent to data; the other has one, or fields that would pass over.
	NoData bool
	// FaceTaken: the other took back their face, after what stands of it on the
	// record that stays was given.
	FaceTaken bool
	Badges    int  // of the other that hold, and end
	Cases     int  // of the other, that are about the one from then on
	Second    bool // a second factor is asked from then on, and was not before
	Lock      Lock // of attempts, afterwards: the stricter of both
}

// NamedPerson is somebody whose name is like another's: 1 for the same words.
type NamedPerson struct {
	Person
	Alike float64
}

// Merger joins two records that are of one person.
type Merger interface {
	// PlanMerge tells what merging would do. ErrMergeSelf; ErrNotFound where one
	// of them is not here, or was erased.
	PlanMerge(ctx context.Context, keep, gone PersonID) (MergePlan, error)
	// MergePeople does what a plan with that stamp says, with all that hangs on it,
	// in one transaction, and erases the other as EraseIdentity does. Asked again,
	// it gives the same receipt. ErrMergeChanged, ErrMergeConsent
	// where the plan has NoData, and the errors of PlanMerge.
	MergePeople(ctx context.Context, keep, gone PersonID, stamp string) (ErasureReceipt, error)
	// MergedWith lists whose records went into somebody's, by their ids: what
	// happened to them stays under those. MergedInto tells where one went, ErrNotFound
	// where it was not merged.
	MergedWith(ctx context.Context, keep PersonID) ([]PersonID, error)
	MergedInto(ctx context.Context, gone PersonID) (PersonID, error)
	// SimilarNames lists who is called much as somebody is, the most alike first.
	SimilarNames(ctx context.Context, id PersonID, limit int) ([]NamedPerson, error)
}
