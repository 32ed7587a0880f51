package pgstore

import (
	"testing"

	"zgoda/persistence"
	"zgoda/persistence/storetest"
)

func newContactStore(t *testing.T) storetest.ContactStore {
	t.Helper()
	s, _ := openTest(t)
	return s
}

func TestContacts(t *testing.T) {
	t.Parallel()
	storetest.Contacts(t, storetest.ContactsBackend{New: newContactStore})
}

func TestPrivacy(t *testing.T) {
	t.Parallel()
	storetest.Privacy(t, storetest.ContactsBackend{New: newContactStore})
}

func TestStaff(t *testing.T) {
	t.Parallel()
	storetest.Staff(t, storetest.StaffBackend{New: func(t *testing.T) persistence.Staff {
		t.Helper()
		s, _ := openTest(t)
		return s
	}})
}
