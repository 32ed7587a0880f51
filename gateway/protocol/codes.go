package protocol

// A Code is a stable name of an error that a client can act on.
type Code string

// Codes of error frames and refusals.
const (
	CodeBadFrame        Code = "bad_frame"        // not a frame of this protocol; the socket stays
	CodeUnknownType     Code = "unknown_type"     // the message names the type
	CodeNotOpen         Code = "not_open"         // the first frame must be open
	CodeAlreadyOpen     Code = "already_open"     //
	CodeTokenInvalid    Code = "token_invalid"    // forged, or of another site or key
	CodeTokenExpired    Code = "token_expired"    // send the secret too
	CodeErased          Code = "erased"           // drop the secret
	CodeTooLong         Code = "too_long"         // text over limits.text_runes
	CodeConsentRequired Code = "consent_required" //
	CodeConsentStale    Code = "consent_stale"    // answered, superseded or withdrawn
	CodeChoiceStale     Code = "choice_stale"     //
	CodeBadInput        Code = "bad_input"        // understood, but there is nothing to apply
	CodeNConflict       Code = "n_conflict"       // another input has this number
	CodeNTooOld         Code = "n_too_old"        // its answer is no longer kept
	CodeNGap            Code = "n_gap"            // resume from expected
	CodeTooManyInFlight Code = "too_many_in_flight"
	CodeTooManyClients  Code = "too_many_clients"
	CodeRateLimited     Code = "rate_limited"
	CodeUnavailable     Code = "unavailable"
	CodeInternal        Code = "internal"
	CodeSkipped         Code = "skipped" // the answer kept for a skip
	CodeTaken           Code = "taken"   // another operator has the conversation

	CodeIdentityInvalid Code = "identity_invalid" // not proved; the socket goes on without a name
	CodeIdentityOther   Code = "identity_other"   // the conversation is another person's: drop the secret

	// Of operators' sockets.
	CodeForbidden      Code = "forbidden"        // there is no such thing, or it is not for you
	CodeNotOwner       Code = "not_owner"        // take the conversation first
	CodeAbsent         Code = "absent"           // the colleague is not there
	CodeNotWatched     Code = "not_watched"      // watch the conversation first
	CodeTooManyWatched Code = "too_many_watched" // unwatch some
)

// Close codes of the WebSocket (RFC 6455 section 7.4.2, private range). 4000 to
// 4499: come back and resume. 4500 to 4999: do not come back by yourself.
const (
	CloseSlow       = 4000 // the client did not read fast enough
	CloseNotOpened  = 4001 // no open frame in time
	CloseSilent     = 4002 // nothing heard for too long
	CloseGoAway     = 4003 // this node is being restarted
	CloseSuperseded = 4500 // this client instance opened a newer socket
	CloseAbuse      = 4501 // too many frames that are not of this protocol
	CloseErased     = 4502 // the visitor was erased
	CloseToken      = 4503 // the token was refused
	CloseSite       = 4504 // the site is gone
	CloseSignedOut  = 4505 // the operator's session has ended: sign in again

	CloseTooBig  = 1009 // a frame over limits.frame_bytes: send skip for its number
	CloseRestart = 1012
)

// MayReturn says whether a client may connect again by itself after a close with
// this code. Codes this version does not know follow their range.
func MayReturn(code int) bool {
	return code < 4500 || code > 4999
}
