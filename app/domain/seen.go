package domain

// SignsOfLife are the reasons of events that show that a person was here. A
// wrong face or PIN shows only that somebody had their badge. Who was merged may
// have come under the record that is gone, which no other kiosk can tell.
func SignsOfLife() []Reason {
	return []Reason{
		ReasonRecognised, ReasonEnrolled, ReasonRegistered, ReasonWithoutFace, ReasonBadgeIssued, ReasonPINSet, ReasonConsentGiven,
		ReasonValidatedFace, ReasonValidatedPIN, ReasonValidatedStaff, ReasonValidatedFacePIN, ReasonValidatedAll,
		ReasonMerged,
	}
}
