package protocol

import _ "embed" // for the document below

// AsyncAPI is the document that describes this protocol, in YAML. A gateway
// serves it, so that whoever meets one can write a client for it.
//
//go:embed asyncapi.yaml
var AsyncAPI []byte
