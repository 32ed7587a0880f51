package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zgoda/gateway"
	"zgoda/gateway/access"
	"zgoda/gateway/receipt"
	"zgoda/persistence"
)

// must runs a command that has to succeed.
func must(t *testing.T, data string, args ...string) string {
	t.Helper()
	out, err := command(t, data, args...)
	if err != nil {
		t.Fatalf("zgoda %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// refused runs a command that must fail and say want.
func refused(t *testing.T, data, want string, args ...string) {
	t.Helper()
	out, err := command(t, data, args...)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("zgoda %s: got %v, want it to say %q\n%s", strings.Join(args, " "), err, want, out)
	}
}

// C43: everything that is held, from both stores, as JSON and as a page that needs
// nothing else; beside a live gateway and without one. C52: with an audit entry
// that holds none of it.
func TestC43C52_AccessOfAPerson(t *testing.T) {
	data := t.TempDir()
	addr, stop := start(t, data)
	ann := leads(t, addr)
	dir := t.TempDir()
	for _, when := range []string{"live", "stopped"} {
		jsonFile, page := filepath.Join(dir, when+".json"), filepath.Join(dir, when+".html")
		must(t, data, "contacts", "access", ann, "--site", "demo", "--out", jsonFile, "--html", page, "--reason", "asked by letter")
		src, err := os.ReadFile(jsonFile)
		if err != nil {
			t.Fatal(err)
		}
		var d access.Document
		if err := json.Unmarshal(src, &d); err != nil {
			t.Fatal(err)
		}
		if d.Contact == nil || d.Contact.Fields["email"] != "ann@example.com" || len(d.Ledger.Entries) != 4 || len(d.Transcript.Events) == 0 || len(d.Ledger.Notices) != 2 {
			t.Errorf("%s: the document is %s", when, src)
		}
		html, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"ann@example.com", "Answering your enquiry", "I agree", "Sklep Łąka sp. z o.o.", "365 days", "default-src 'none'"} {
			if !bytes.Contains(html, []byte(want)) && !bytes.Contains(html, []byte(strings.ReplaceAll(want, "'", "&#39;"))) {
				t.Errorf("%s: the page does not say %q", when, want)
			}
		}
		for _, foreign := range []string{"<script", "<img", "<link", "@import", "url("} {
			if bytes.Contains(html, []byte(foreign)) {
				t.Errorf("%s: the page has %s in it", when, foreign)
			}
		}
		refused(t, data, "is there already", "contacts", "access", ann, "--site", "demo", "--out", jsonFile)
		if when == "live" {
			stop()
		}
	}
	out := must(t, data, "audit", "list", "--site", "demo", "--visitor", ann)
	if !strings.Contains(out, "contact.read") || !strings.Contains(out, "asked by letter") || strings.Contains(out, "ann@") {
		t.Errorf("the audit is\n%s", out)
	}
	refused(t, data, "knows nothing of a visitor", "contacts", "access", "v_aaaaaaaaaaaaaaaaaaaaaaaaaa", "--site", "demo")
	refused(t, data, "no site", "contacts", "access", ann, "--site", "dmeo")
}

// C44, C45: corrected and restricted through the one door, beside a live gateway.
// C37, C46: a marketing list names its moment and the consent of each row.
func TestC44C45_CorrectAndRestrict(t *testing.T) {
	data := t.TempDir()
	addr, stop := start(t, data)
	ann := leads(t, addr)
	stop()
	_, stop = start(t, data)
	defer stop()
	refused(t, data, "there is a dot missing", "contacts", "correct", ann, "--site", "demo", "--set", "email=ann@example")
	refused(t, data, "--set", "contacts", "correct", ann, "--site", "demo")
	must(t, data, "contacts", "correct", "--site", "demo", "--visitor", ann, "--set", "email=ann@new.example", "--set", "name=Ann Nowak")
	if out := must(t, data, "contacts", "show", ann, "--site", "demo"); !strings.Contains(out, "ann@new.example") || !strings.Contains(out, "Ann Nowak") {
		t.Errorf("after the correction\n%s", out)
	}
	for address, found := range map[string]bool{"ANN@new.example": true, "ann@example.com": false} {
		if out := must(t, data, "contacts", "find", address, "--site", "demo"); strings.Contains(out, ann) != found {
			t.Errorf("find %s printed %s", address, out)
		}
	}
	rows := func() [][]string {
		list, err := csv.NewReader(strings.NewReader(must(t, data, "contacts", "export", "--site", "demo", "--for", "marketing_email"))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return list[1:]
	}
	list := rows()
	if len(list) != 1 || list[0][2] != "ann@new.example" || list[0][5] == "" {
		t.Fatalf("the marketing list is %v", list)
	}
	if _, err := time.Parse(time.RFC3339, list[0][7]); err != nil {
		t.Errorf("the list does not say as of when: %v", list)
	}
	// What follows is another person's, with an address nobody has.
	if out := must(t, data, "contacts", "object", "nobody@example.com", "--site", "demo"); strings.Contains(out, "withdrawn") {
		t.Errorf("an objection of somebody who never wrote printed %s", out)
	}
	must(t, data, "contacts", "restrict", ann, "--site", "demo")
	must(t, data, "contacts", "restrict", ann, "--site", "demo") // again is no error
	if list := rows(); len(list) != 0 {
		t.Errorf("restricted, and on the marketing list: %v", list)
	}
	if out := must(t, data, "contacts", "show", ann, "--site", "demo"); !strings.Contains(out, "restricted since") {
		t.Errorf("the restriction does not show:\n%s", out)
	}
	must(t, data, "contacts", "unrestrict", ann, "--site", "demo")
	if list := rows(); len(list) != 1 {
		t.Errorf("freed, and not on the marketing list: %v", list)
	}
	must(t, data, "consent", "withdraw", ann, "--site", "demo")
	refused(t, data, "consent_required", "contacts", "correct", ann, "--site", "demo", "--set", "name=Ann")
	out := must(t, data, "audit", "list", "--site", "demo", "--json")
	var page persistence.AuditPage
	if err := json.Unmarshal([]byte(out), &page); err != nil {
		t.Fatal(err)
	}
	done := map[string]bool{}
	for _, e := range page.Entries {
		done[e.Action] = true
		if !strings.HasPrefix(e.Actor, "command:") && e.Actor != "system" {
			t.Errorf("the audit names %q for %s", e.Actor, e.Action)
		}
	}
	for _, action := range []string{"contact.corrected", "contact.restrict_asked", "consent.withdrawn", persistence.ActionMarketing, persistence.ActionSought} {
		if !done[action] {
			t.Errorf("the audit has no %s: %v", action, done)
		}
	}
	if strings.Contains(out, "ann@") {
		t.Error("the audit holds an address")
	}
}

// C18, E33: a proof and a receipt are verified with the published keys alone, also
// after an erasure, and whatever is changed shows.
func TestC18C19E33_ProofAndReceiptOfAPerson(t *testing.T) {
	data := t.TempDir()
	addr, stop := start(t, data)
	ann := leads(t, addr)
	res, err := http.Get("http://" + addr + receipt.JWKSPath)
	if err != nil {
		t.Fatal(err)
	}
	published, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()
	stop()
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "nobody")
	jwks := filepath.Join(dir, "jwks.json")
	if err := os.WriteFile(jwks, published, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"alive", "erased"} {
		if when == "erased" {
			must(t, data, "contacts", "erase", ann, "--site", "demo")
		}
		proof, rc := filepath.Join(dir, when+".proof"), filepath.Join(dir, when+".receipt")
		must(t, data, "consent", "proof", ann, "--site", "demo", "--out", proof)
		must(t, data, "receipt", "issue", ann, "--site", "demo", "--out", rc)
		for file, want := range map[string]string{proof: "GOOD: the proof", rc: "GOOD: the receipt"} {
			out := must(t, elsewhere, "consent", "verify", file, "--jwks", jwks)
			if !strings.Contains(out, want) || !strings.Contains(out, "granted") || strings.Contains(out, "ann@") {
				t.Errorf("%s: verify printed\n%s", when, out)
			}
			if when == "erased" && !strings.Contains(strings.ToLower(out), "erased") {
				t.Errorf("the erasure does not show in\n%s", out)
			}
			must(t, data, "receipt", "verify", file) // with the data folder's own keys
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			src[len(src)/2] ^= 4
			changed := file + ".changed"
			if err := os.WriteFile(changed, src, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := command(t, elsewhere, "receipt", "verify", changed, "--jwks", jwks); err == nil {
				t.Errorf("%s: a changed file was taken", when)
			}
		}
	}
	refused(t, elsewhere, "--jwks", "receipt", "verify", filepath.Join(dir, "alive.proof"))
	refused(t, data, "no signed receipt", "receipt", "verify", jwks)
	out, err := command(t, data, "receipt", "verify", jwks, "--json")
	var verdict struct{ Good bool }
	if err == nil || json.Unmarshal([]byte(out), &verdict) != nil || verdict.Good {
		t.Errorf("verify --json of what is none printed %s, %v", out, err)
	}
}

// C32: tombstones name who was erased, without any contact data.
func TestC32_Tombstones(t *testing.T) {
	data := t.TempDir()
	addr, stop := start(t, data)
	ann := leads(t, addr)
	stop()
	must(t, data, "contacts", "erase", ann, "--site", "demo")
	file := filepath.Join(t.TempDir(), "stones.json")
	must(t, data, "tombstones", "export", "--site", "demo", "--out", file)
	src, err := os.ReadFile(file)
	if err != nil || !bytes.Contains(src, []byte(ann)) || bytes.Contains(src, []byte("ann@")) {
		t.Errorf("the tombstones are %s, %v", src, err)
	}
	refused(t, data, "write the day as", "tombstones", "export", "--site", "demo", "--since", "yesterday")
	refused(t, data, "no file of tombstones", "tombstones", "bury", filepath.Join(data, gateway.StoreFile), "--site", "demo")
}

func TestRetentionOfASite(t *testing.T) {
	data := t.TempDir()
	addr, stop := start(t, data)
	leads(t, addr)
	stop()
	if out := must(t, data, "retention", "plan", "--site", "demo"); !strings.Contains(out, "nothing is due") {
		t.Errorf("the plan is\n%s", out)
	}
	if out := must(t, data, "retention", "run", "--site", "demo"); !strings.Contains(out, "ended 0 contacts") {
		t.Errorf("the run says\n%s", out)
	}
	_, stop = start(t, data)
	defer stop()
	if out := must(t, data, "retention", "run", "--site", "demo", "--json"); !strings.Contains(out, `"contacts": 0`) {
		t.Errorf("the run beside a gateway says\n%s", out)
	}
	refused(t, data, "no site", "retention", "plan", "--site", "dmeo")
}

// TestC47_Objection: whoever objects to marketing is off the list at once, their
// enquiry stays, and agreeing again does not bring them back.
func TestC47_Objection(t *testing.T) {
	for name, running := range map[string]bool{"beside a gateway": true, "alone": false} {
		t.Run(name, func(t *testing.T) {
			data := t.TempDir()
			addr, stop := start(t, data)
			ann := leads(t, addr)
			stop()
			if running {
				_, stop = start(t, data)
				defer stop()
			}
			rows := func() int {
				return strings.Count(must(t, data, "contacts", "export", "--site", "demo", "--for", "marketing_email"), "\n") - 1
			}
			if rows() != 1 {
				t.Fatal("nobody is on the list to begin with")
			}
			out := must(t, data, "contacts", "object", " ANN@example.com", "--site", "demo", "--reason", "wrote to us")
			if !strings.Contains(out, "kept off the lists for marketing_email") || !strings.Contains(out, "withdrawn for "+ann) {
				t.Errorf("it printed\n%s", out)
			}
			if n := rows(); n != 0 {
				t.Errorf("%d on the list after an objection", n)
			}
			if out := must(t, data, "contacts", "show", ann, "--site", "demo"); !strings.Contains(out, "ann@example.com") || !strings.Contains(out, "withdrawn") {
				t.Errorf("the enquiry must stay and the consent to marketing be withdrawn:\n%s", out)
			}
			if out := must(t, data, "audit", "list", "--site", "demo"); !strings.Contains(out, persistence.ActionObjected) || strings.Contains(out, "ann@") {
				t.Errorf("the audit says\n%s", out)
			}
			refused(t, data, "address is empty", "contacts", "object", " ", "--site", "demo")
		})
	}
}
