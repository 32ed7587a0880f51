// Package flowdoc writes the flow language down for machines and for people: as
// a JSON Schema (draft 2020-12) that editors complete and check by, and as a
// reference in Markdown that is made from that schema alone.
//
//	botengine.Language ──Schema──▶ flow.schema.json ──Reference──▶ REFERENCE.md
//
// The table is the one the parser reads by, so a key that the parser knows is in
// both. A schema sees one file without its meaning: names of steps that do not
// exist, missing translations and questions asked before consent are found by
// `zgoda flow check`.
package flowdoc
