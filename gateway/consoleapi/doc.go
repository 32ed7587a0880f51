// Package consoleapi answers what the console asks over HTTP: signing in, the people
// who work with it, and what is known about the visitors of a site. The AsyncAPI
// document lists the routes under "HTTP for the console".
//
// Every route says which roles it is for. Whoever has none of them gets the same
// answer as for what does not exist. Whatever reads personal data leaves an audit
// entry; whatever changes it is an input of the visitor's conversation.
package consoleapi
