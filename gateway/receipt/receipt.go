package receipt

import "time"

// SchemaVersion names the shape of a receipt.
const SchemaVersion = "https://w3id.org/dpv/schema/dpv-27560#receipt-eu-gdpr"

// A Receipt lists what one visitor of one site was asked and answered. Comments
// name the element of TS 27560 where the member is called otherwise.
type Receipt struct {
	SchemaVersion string    `json:"schema_version"`
	ReceiptID     string    `json:"receipt_id"`
	RecordID      string    `json:"record_id"` // the first event
	Created       time.Time `json:"created"`
	// PIIPrincipalID is the visitor's pseudonym on the site, as a URN.
	PIIPrincipalID string   `json:"pii_principal_id"`
	Site           string   `json:"site"`
	Visitor        string   `json:"visitor"`
	Language       string   `json:"language"` // of the newest text that was shown
	Jurisdiction   []string `json:"jurisdiction"`
	// ErasedAt is when the visitor was erased. The events stay as the proof.
	ErasedAt time.Time `json:"erased_at,omitzero"`
	// Notices are the texts that were shown, each once; events name them.
	Notices    []Notice     `json:"privacy_notices"`
	Processing []Processing `json:"processing"`
	Parties    []Party      `json:"parties"`
	Integrity  *Integrity   `json:"integrity,omitzero"`
}

// A Notice is a text version. SHA256 is over Canonical, its JSON by RFC 8785:
// title, body, labels, purposes, fields, controller, processor, recipients,
// retention, policy.
type Notice struct {
	SHA256    string `json:"sha256"`
	Language  string `json:"language"`
	Canonical string `json:"canonical"`
}

// Processing is what one purpose allows, and every event of it.
type Processing struct {
	Purpose     string `json:"purpose"`
	PurposeText string `json:"purpose_text,omitzero"`
	LawfulBasis string `json:"lawful_basis"`
	// PrivacyNotice is the hash of the newest text that was shown.
	PrivacyNotice        string           `json:"privacy_notice,omitzero"`
	Language             string           `json:"language,omitzero"`
	PIIInformation       []PIIInformation `json:"pii_information"`
	CollectionMethod     string           `json:"collection_method"`
	StorageLocations     []string         `json:"storage_locations"`
	RetentionPeriod      string           `json:"retention_period"` // ISO 8601, or what is known instead
	RetentionCondition   string           `json:"retention_condition"`
	RecipientThirdParty  []string         `json:"recipient_third_parties"`
	WithdrawalMethod     WithdrawalMethod `json:"withdrawal_method"`
	PrivacyRights        []string         `json:"privacy_rights"`
	Status               string           `json:"event_state"` // of the newest event that counts
	Events               []Event          `json:"events"`
	SpecialCategoryOfPII string           `json:"special_pii_category"`
}

// PIIInformation is a kind of data that may be given, in words of DPV.
type PIIInformation struct {
	Type     string `json:"pii_type"`
	Text     string `json:"pii_text,omitzero"` // as the notice called it
	Optional bool   `json:"pii_optional"`
}

// WithdrawalMethod says how to withdraw.
type WithdrawalMethod struct {
	Description string `json:"description"`
}

// An Event is one entry of the ledger.
type Event struct {
	EventID string `json:"event_id"`
	// State is requested, granted, declined, deferred, withdrawn, expired or
	// terminated.
	State string    `json:"event_state"`
	Type  string    `json:"event_type"` // always expressed: nothing is inferred
	Time  time.Time `json:"event_time"`
	// RecordedAt is the ledger's own clock; absent before it has the event.
	RecordedAt time.Time `json:"recorded_at,omitzero"`
	// EntityID is who did it, by role: data_subject, processor (the bot, a
	// timer), controller (an operator or a command on its behalf).
	EntityID string `json:"entity_id"`
	Method   string `json:"method"`
	// ValidityDuration is an ISO 8601 duration, or until_withdrawn,
	// until_answered, until_granted, final.
	ValidityDuration string    `json:"validity_duration"`
	ValidUntil       time.Time `json:"valid_until,omitzero"`
	PrivacyNotice    string    `json:"privacy_notice,omitzero"`
	Language         string    `json:"language,omitzero"`
	RequestEventID   string    `json:"request_event_id,omitzero"`
	GrantEventID     string    `json:"grant_event_id,omitzero"`
}

// A Party is somebody with a role: controller, processor, or authority.
type Party struct {
	ID      string `json:"party_id"`
	Role    string `json:"party_role"`
	Type    string `json:"party_type"`
	Name    string `json:"party_name"`
	Address string `json:"party_address"`
	Contact string `json:"party_contact"`
	DPO     string `json:"dpo,omitzero"`
}

// Integrity names the place in the ledger's hash chain that the receipt was made
// at, so that a proof made later can be compared with it.
type Integrity struct {
	ChainSeq  uint64 `json:"chain_seq"`
	ChainHead string `json:"chain_head_sha256"`
	JWKS      string `json:"jwks"` // path on every gateway
}

// JWKSPath is where gateways publish their public keys (RFC 8615).
const JWKSPath = "/.well-known/jwks.json"
