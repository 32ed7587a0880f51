// Package storetest holds the contract suites of package persistence. Every
// store runs them from its own tests:
//
//	func TestConversations(t *testing.T) {
//		storetest.Conversations(t, storetest.ConversationBackend{New: …, Reopen: …})
//	}
//
// A subtest is named for the promise it keeps (DESIGN.md section 3) and prints,
// when it fails, the sentence the store broke. Production code never imports
// this package.
package storetest
