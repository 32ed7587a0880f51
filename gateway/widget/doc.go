// Package widget serves the chat widget and its demo shop.
//
// The widget is TypeScript without a framework (src). configs/tools/bundle builds
// it into dist, which is checked in and embedded, so that building the gateway
// needs nothing but Go. A page embeds it with two script elements:
//
//	<script>window.zgoda=window.zgoda||function(){(zgoda.q=zgoda.q||[]).push(arguments)}</script>
//	<script async src="https://chat.example/widget.js?site=KEY"></script>
//
// The first queues calls of zgoda(command, ...); the second is the loader, which
// shows the launcher with the site's look in it. Nothing else is fetched before the
// visitor hovers, focuses or opens it, and nothing is stored before the visitor
// writes or presses. Then come the core and one language; the privacy item and
// other languages come when they are asked for. SIZES.md says what each weighs.
//
// Attributes of the second element: data-locale (default: the page's lang),
// data-launcher (a selector of the page's own launcher), data-hidden (no launcher
// until zgoda('show')), data-wait (nothing at all until zgoda('load'), for pages
// whose cookie banner comes first). zgoda.d.ts, served at /widget.d.ts, describes
// the commands and events.
//
// In the browser's storage the widget keeps the entry zgoda:SITE (the visitor's
// secret and token, whether the panel is open, the newest event seen, the last
// client instance, a line that was begun and not sent) and, while something is
// unsent, zgoda:SITE:out:CLIENT. Both are removed by reset and by erasure. Where
// storage is refused or full, the conversation lives as long as the page.
//
// A page with a Content-Security-Policy needs: a nonce on both elements in
// script-src, and the gateway in connect-src (https: and wss:). The rest of the
// widget is loaded by import() from the loader, which carries its nonce. Styles
// are constructable style sheets and need nothing; Trusted Types are kept.
package widget
