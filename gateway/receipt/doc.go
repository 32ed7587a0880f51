// Package receipt makes and checks what a person, or an authority, can take away
// and verify without us: receipts of consent, and proofs of what the ledger says.
//
//	ledger, or the visitor's own profile ─▶ Build ─▶ Receipt ─▶ Signer ─▶ a JWS
//	                                       Proof ──────────────▶ Signer ─▶ a JWS
//	a JWS and a JWKS ─▶ Keys.Verify ─▶ Verified ─▶ Receipt.Check, Proof.Check
//
// # Receipts
//
// A Receipt has the shape of a receipt of ISO/IEC TS 27560:2023 (by the W3C DPVCG
// guide; research/consent.md section 4 maps the fields). It lists every consent
// event of a visitor on a site, declines included, with the texts that were
// shown, word for word: their hashes are recomputed by Check. There is no contact
// data in it, so a receipt that leaks says that a pseudonym has answered and
// nothing else. Who decided is in it by role, never by name.
//
// What was shown is taken from the notices: controller, processor, recipients and
// retention are those that the person was told, not those of today. Only for a
// visitor who was shown nothing the site's settings stand in.
//
// # Signatures
//
// Both are JWS in compact serialisation (RFC 7515) with EdDSA over Ed25519
// (RFC 8037). The header's typ tells a receipt from a proof, so that one is
// never taken for the other; kid is the key's RFC 7638 thumbprint. The public
// keys are a JWKS (RFC 7517), which gateways publish at /.well-known/jwks.json:
// the one that signs first, then those that signed before.
package receipt
