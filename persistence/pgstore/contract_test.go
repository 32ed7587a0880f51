package pgstore

import (
	"testing"

	"zgoda/persistence"
	"zgoda/persistence/storetest"
)

func TestContacts(t *testing.T) {
	t.Parallel()
	storetest.Contacts(t, storetest.ContactsBackend{
		New: func(t *testing.T) persistence.Contacts {
			s, _ := openTest(t)
			return s
		},
	})
}
