package flowdoc

import (
	"regexp"
	"strings"
	"testing"

	"zgoda/botengine"
)

// TestTheReferenceIsWhole: every shape has its section with every key, and every
// link leads to one.
func TestTheReferenceIsWhole(t *testing.T) {
	t.Parallel()
	raw, err := Schema(botengine.Language())
	if err != nil {
		t.Fatal(err)
	}
	page, err := Reference(raw)
	if err != nil {
		t.Fatal(err)
	}
	anchors := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^## (\w+)$|<a id="(\w+)">`).FindAllStringSubmatch(string(page), -1) {
		anchors[m[1]+m[2]] = true
	}
	for _, m := range regexp.MustCompile(`\]\(#(\w+)\)`).FindAllStringSubmatch(string(page), -1) {
		if !anchors[m[1]] {
			t.Errorf("the link to %s leads nowhere", m[1])
		}
	}
	for _, s := range botengine.Language() {
		_, section, ok := strings.Cut(string(page), "\n## "+s.Name+"\n")
		if !ok {
			t.Errorf("%s has no section", s.Name)
		}
		section, _, _ = strings.Cut(section, "\n## ")
		for _, k := range s.Keys {
			star := ""
			if k.Required {
				star = " *"
			}
			if !strings.Contains(section, "| `"+k.Name+"`"+star+" |") {
				t.Errorf("%s.%s is not in its section", s.Name, k.Name)
			}
		}
	}
}

func TestReferenceOfSomethingElse(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"", "{}", "[]", `{"properties": 1}`} {
		if _, err := Reference([]byte(raw)); err == nil {
			t.Errorf("%q made a reference", raw)
		}
	}
}
