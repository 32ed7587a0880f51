package sqlitestore

import (
	"path/filepath"
	"testing"

	"zgoda/persistence"
	"zgoda/persistence/storetest"
)

// openTest opens a store of its own for a test.
func openTest(t testing.TB) *Store { return openAt(t, filepath.Join(memoryFolder(t), "zgoda.db")) }

func openAt(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func TestConversations(t *testing.T) {
	t.Parallel()
	storetest.Conversations(t, storetest.ConversationBackend{
		New: func(t *testing.T) storetest.ConversationStore { return openTest(t) },
		Reopen: func(t *testing.T, s storetest.ConversationStore) storetest.ConversationStore {
			old := s.(*Store)
			if err := old.Close(); err != nil {
				t.Fatal(err)
			}
			return openAt(t, old.path)
		},
	})
}

func newContactStore(t *testing.T) storetest.ContactStore {
	t.Helper()
	return openTest(t)
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
		return openTest(t)
	}})
}

func TestDesk(t *testing.T) {
	t.Parallel()
	storetest.Desk(t, storetest.DeskBackend{New: func(t *testing.T) storetest.DeskStore { return openTest(t) }})
}
