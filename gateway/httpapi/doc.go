// Package httpapi is the gateway's face: HTTP routes, the upgrade, and the
// session that speaks the protocol over one socket.
//
//	GET /v1/ws?site=KEY                 WebSocket, subprotocol zgoda.v1
//	GET /v1/sites/KEY/widget?locale=L   greeting and texts, before the first act
//	GET /v1/status?site=KEY             why a socket was refused
//	GET /v1/asyncapi.yaml               the protocol
//	GET /healthz /readyz                for the platform
//	GET /widget.js /widget/ /demo/      the widget and the demo shop
//
// A session is driven by its socket's reader: one frame at a time, each answered
// before the next is read. What others commit reaches it through live.
package httpapi
