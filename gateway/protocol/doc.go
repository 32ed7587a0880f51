// Package protocol is the wire protocol zgoda.v1: its frames, codes and close
// codes, and the AsyncAPI document that describes them (asyncapi.yaml).
//
// Frames are JSON text messages over the WebSocket subprotocol "zgoda.v1". Every
// frame is one object with a type "t". The document is enough to write a client;
// tests hold every frame this package reads or writes to the document's schemas.
//
// A visit in frames (C the client, S the server):
//
//	C open     who I am (secret or token), my instance, what I have seen
//	S hello    token, limits, the newest number applied for my instance
//	S reset    (only when what I have seen cannot be continued)
//	S events   what I missed, in chunks; after that, what happens, as it happens
//	C say 1    numbered inputs: say, press, decide, ask_card, withdraw, erase, skip
//	S events   the line and the bot's answer, numbered by seq
//	S ack 1    the input was applied, or refused for good: never send it again
//	S error 2  the input was not applied: send it again later
//	C beat     the newest seq I have
//	S beat     the newest seq there is
//
// Operators have a channel of their own with the same envelope: one socket
// serves all their sites, and nearly every frame names a conversation.
//
//	C open      my instance
//	S welcome   who I am, my sites and roles
//	C inbox     follow a site's inbox; S inbox, presence
//	C watch     open a conversation; S watching, log, notes
//	C take 1    numbered inputs: take, release, transfer, close, say, ask_card, note, skip
//	S log, ack  as for visitors
package protocol
