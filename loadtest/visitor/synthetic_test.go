package visitor

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// TestE35_SyntheticContacts: no virtual visitor gives an address or a number that
// somebody could have (RFC 2606, section 3; the 555 numbers of the North American plan), and
// the gateway takes them as valid.
func TestE35_SyntheticContacts(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for i := range int64(1000) {
		if e := value(r, "email", i); !strings.HasSuffix(e, "@example.com") {
			t.Fatalf("%s may be somebody's", e)
		}
		phone := value(r, "phone", i)
		if len(phone) != 12 || phone[5:10] != "55501" {
			t.Fatalf("%s may be somebody's", phone)
		}
		n, err := phonenumbers.Parse(phone, "PL")
		if err != nil || !phonenumbers.IsValidNumber(n) {
			t.Fatalf("%s is no valid number: %v", phone, err)
		}
	}
}
