package receipt

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"go.uber.org/goleak"

	"zgoda/botengine"
	"zgoda/gateway/site"
	"zgoda/persistence"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func demo(t testing.TB) *site.Site {
	t.Helper()
	st, err := site.Load(filepath.Join("..", "..", "configs", "sites", "demo.yaml"), site.Options{
		Processor: site.Party{Name: "Platform", Address: "Street 1", Contact: "privacy@platform.example"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// A book writes the ledger of one visitor.
type book struct {
	st    *site.Site
	proof persistence.Proof
}

func (b *book) add(l persistence.LedgerEntry) string {
	n := uint64(len(b.proof.Entries)) + 1
	l.ID, l.OccurredAt = fmt.Sprintf("e%d", n), noon.Add(time.Duration(n)*time.Second)
	if l.Actor == "" {
		l.Actor, l.Method = "visitor", "button"
	}
	if l.Kind == persistence.KindGranted && l.Grant == "" {
		l.Grant = l.ID
	}
	e := persistence.ProofEntry{LedgerEntry: l, Seq: n, VSeq: n + 1, RecordedAt: l.OccurredAt.Add(time.Second)}
	prev, _ := hex.DecodeString(b.proof.Head)
	e.Hash = hex.EncodeToString(b.proof.Link(prev, &e))
	b.proof.Entries, b.proof.Head = append(b.proof.Entries, e), e.Hash
	return l.ID
}

// ask adds a request for a purpose in a language and returns the entry to answer
// it with.
func (b *book) ask(purpose, locale string) persistence.LedgerEntry {
	n := b.st.Settings.Notices[botengine.NoticeKey([]string{purpose}, locale)]
	known := false
	for _, k := range b.proof.Notices {
		known = known || k.Hash == n.Hash
	}
	if !known {
		b.proof.Notices = append(b.proof.Notices, persistence.Notice{Hash: n.Hash, Locale: locale, Canonical: n.Canonical})
	}
	l := persistence.LedgerEntry{Purpose: purpose, Kind: persistence.KindRequested, Notice: n.Hash, Locale: locale, Actor: "system", Method: "widget"}
	id := b.add(l)
	return persistence.LedgerEntry{Purpose: purpose, Request: id, Notice: n.Hash, Locale: locale}
}

func newBook(t testing.TB) *book {
	return &book{st: demo(t), proof: persistence.Proof{Site: "demo", Visitor: "v_aaaaaaaaaaaaaaaaaaaaaaaaaa", AsOf: noon, Format: persistence.ChainPostgres}}
}

// agreed is a visitor who agreed to be answered and declined marketing.
func agreed(t testing.TB) *book {
	b := newBook(t)
	l := b.ask(persistence.PurposeLead, "pl")
	l.Kind, l.ValidUntil = persistence.KindGranted, noon.Add(365*24*time.Hour+2*time.Second)
	b.add(l)
	l = b.ask(persistence.PurposeMarketingEmail, "pl")
	l.Kind = persistence.KindDeclined
	b.add(l)
	return b
}

func (b *book) receipt(t testing.TB) *Receipt {
	t.Helper()
	r, err := Build(Order{Site: b.st, Ledger: b.proof, ID: "r1", Now: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func signer(t testing.TB, seeds ...byte) *Signer {
	t.Helper()
	var all [][]byte
	for _, b := range seeds {
		all = append(all, bytes.Repeat([]byte{b}, 32))
	}
	s, err := NewSigner(all[0], all[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func keysOf(t testing.TB, s *Signer) Keys {
	t.Helper()
	k, err := ParseKeys(s.JWKS())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// C19: a receipt has every element that TS 27560 wants, and names roles.
func TestC19_ReceiptHasTheElementsOfTheStandard(t *testing.T) {
	t.Parallel()
	r := agreed(t).receipt(t)
	if err := r.Check(); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(data, &members); err != nil {
		t.Fatal(err)
	}
	processing := members["processing"].([]any)
	event := processing[0].(map[string]any)["events"].([]any)[0]
	party := members["parties"].([]any)[0]
	for _, c := range []struct {
		name  string
		value any
		want  string
	}{
		{"header", members, "schema_version record_id pii_principal_id receipt_id jurisdiction"},
		{"processing", processing[0], "privacy_notice language purpose pii_information storage_locations retention_period recipient_third_parties withdrawal_method lawful_basis"},
		{"pii_information", processing[0].(map[string]any)["pii_information"].([]any)[0], "pii_type"},
		{"party", party, "party_id party_name party_address party_contact party_type"},
		{"event", event, "event_time validity_duration entity_id event_type event_state"},
	} {
		for _, name := range strings.Fields(c.want) {
			if v := c.value.(map[string]any)[name]; v == nil || v == "" {
				t.Errorf("%s: the mandatory element %s is missing", c.name, name)
			}
		}
	}
	if fmt.Sprint(r.Jurisdiction) != "[PL EU]" {
		t.Errorf("jurisdiction is %v, want Poland and the Union", r.Jurisdiction)
	}
	roles := map[string]string{}
	for _, p := range r.Parties {
		roles[p.Role] = p.Name
	}
	if roles["controller"] != "Sklep Łąka sp. z o.o." || roles["processor"] != "Platform" || roles["authority"] == "" {
		t.Errorf("parties are %v", roles)
	}
}

// C19: declines are in it too, and each purpose says how it stands.
func TestC19_ReceiptListsEveryEvent(t *testing.T) {
	t.Parallel()
	b := agreed(t)
	if r := b.receipt(t); r.Processing[0].Status != "granted" || r.Processing[1].Status != "declined" || r.Processing[0].Events[1].ValidityDuration != "P365D" {
		t.Errorf("processing is %+v", r.Processing)
	}
	grant := b.proof.Entries[1]
	b.add(persistence.LedgerEntry{Purpose: grant.Purpose, Kind: persistence.KindWithdrawn, Grant: grant.ID, Notice: grant.Notice, Locale: "pl"})
	if r := b.receipt(t); r.Processing[0].Status != "withdrawn" || len(r.Processing[0].Events) != 3 || r.Processing[0].Events[2].GrantEventID != grant.ID {
		t.Errorf("after the withdrawal: %+v", r.Processing[0])
	}
	l := b.ask(persistence.PurposeLead, "en")
	l.Kind = persistence.KindDeferred
	b.add(l)
	r := b.receipt(t)
	if len(r.Notices) != 3 || r.Language != "en" || r.Processing[0].Status != "deferred" {
		t.Errorf("after another request in English there are %d texts, language %s, status %s", len(r.Notices), r.Language, r.Processing[0].Status)
	}
	b.add(persistence.LedgerEntry{Purpose: persistence.PurposeLead, Kind: persistence.KindErased, Actor: "operator:ola", Method: "command"})
	r = b.receipt(t)
	if r.ErasedAt.IsZero() || r.Processing[0].Status != "terminated" || r.Processing[1].Status != "terminated" {
		t.Errorf("after the erasure: %+v", r.Processing)
	}
	data, _ := json.Marshal(r)
	if bytes.Contains(data, []byte("ola")) {
		t.Error("the receipt names the operator")
	}
}

// A visitor who declined gets one as well, also where the text of today is
// another one.
func TestC19_ReceiptSaysWhatWasShownThen(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	l := b.ask(persistence.PurposeLead, "pl")
	l.Kind = persistence.KindDeclined
	b.add(l)
	now := *b.st
	now.Controller.Name = "Another owner"
	b.st = &now
	r := b.receipt(t)
	if r.Processing[0].Status != "declined" || r.Parties[0].Name != "Sklep Łąka sp. z o.o." {
		t.Errorf("status %s, controller %s", r.Processing[0].Status, r.Parties[0].Name)
	}
	b.proof.Notices = nil
	if _, err := Build(Order{Site: b.st, Ledger: b.proof}); !errors.Is(err, ErrNoText) {
		t.Errorf("without the text: %v, want ErrNoText", err)
	}
	if _, err := Build(Order{Site: b.st}); !errors.Is(err, ErrNothing) {
		t.Errorf("without events: %v, want ErrNothing", err)
	}
}

func TestC18C19_SignedIsVerifiedWithThePublicKeyAlone(t *testing.T) {
	t.Parallel()
	b, s := agreed(t), signer(t, 1, 2)
	token, err := s.Receipt(b.receipt(t))
	if err != nil {
		t.Fatal(err)
	}
	proof, err := s.Proof(&b.proof)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(s.JWKS(), []byte(`"d"`)) {
		t.Fatalf("the JWKS holds a private key:\n%s", s.JWKS())
	}
	// Who verifies may have keys of a time when another one signed.
	for name, keys := range map[string]Keys{"now": keysOf(t, s), "after rotation": keysOf(t, signer(t, 3, 1))} {
		v, err := keys.Verify([]byte(token + "\n"))
		if err != nil || v.Receipt == nil || v.Receipt.Visitor != b.proof.Visitor {
			t.Errorf("%s: receipt: %+v, %v", name, v, err)
		}
		v, err = keys.Verify([]byte(proof))
		if err != nil || v.Proof == nil || len(v.Proof.Entries) != 4 {
			t.Errorf("%s: proof: %v", name, err)
		}
		var out strings.Builder
		if err := v.WriteText(&out); err != nil || !strings.Contains(out.String(), "Zgadzam się") || !strings.Contains(out.String(), "granted") {
			t.Errorf("printed %v\n%s", err, out.String())
		}
	}
	if _, err := keysOf(t, signer(t, 9)).Verify([]byte(token)); !errors.Is(err, ErrSignature) {
		t.Errorf("with another key: %v, want ErrSignature", err)
	}
}

// forge signs any body with any header.
func forge(t *testing.T, key jose.JSONWebKey, typ string, v any) string {
	t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	sg, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: key}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := sg.Sign(body)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestC20_VerifyRefuses(t *testing.T) {
	t.Parallel()
	b, s := agreed(t), signer(t, 1)
	keys := keysOf(t, s)
	good, err := s.Receipt(b.receipt(t))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	changed := func(at int) string {
		raw, _ := base64.RawURLEncoding.DecodeString(parts[at])
		raw[len(raw)/2] ^= 1
		p := append([]string(nil), parts...)
		p[at] = base64.RawURLEncoding.EncodeToString(raw)
		return strings.Join(p, ".")
	}
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"`+TypeReceipt+`"}`)) + "." + parts[1] + "."
	broken := b.proof
	broken.Entries = broken.Entries[:3]
	noText := b.receipt(t)
	noText.Notices = nil
	for name, c := range map[string]struct {
		file string
		want error
	}{
		"empty":                  {"", ErrNotSigned},
		"text":                   {"Sklep Łąka", ErrNotSigned},
		"JSON":                   {`{"schema_version":"x"}`, ErrNotSigned},
		"body changed":           {changed(1), ErrSignature},
		"signature changed":      {changed(2), ErrSignature},
		"signature cut off":      {parts[0] + "." + parts[1] + ".", ErrSignature},
		"alg none":               {none, ErrNotSigned},
		"line break":             {parts[0] + ".\n" + parts[1] + "." + parts[2], ErrNotSigned},
		"another type":           {forge(t, s.key, "JWT", b.receipt(t)), ErrNotSigned},
		"a proof as a receipt":   {forge(t, s.key, TypeReceipt, &b.proof), ErrContent},
		"a receipt as a proof":   {forge(t, s.key, TypeProof, b.receipt(t)), ErrContent},
		"a proof that is broken": {forge(t, s.key, TypeProof, &broken), ErrContent},
		"a receipt with no text": {forge(t, s.key, TypeReceipt, noText), ErrContent},
		"not an object":          {forge(t, s.key, TypeReceipt, []int{1}), ErrContent},
	} {
		_, err := keys.Verify([]byte(c.file))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	// A chain may be whole and still say what cannot have been.
	other := newBook(t)
	l := other.ask(persistence.PurposeLead, "pl")
	l.Kind, l.Purpose = persistence.KindGranted, persistence.PurposeMarketingSMS
	other.add(l)
	if _, err := s.Proof(&other.proof); err == nil {
		t.Error("a grant for another purpose than was asked was signed")
	}
	if _, err := s.Proof(&broken); err == nil {
		t.Error("a broken proof was signed")
	}
}

func TestParseKeysRefuses(t *testing.T) {
	t.Parallel()
	good := string(signer(t, 1).JWKS())
	private, err := json.Marshal(signer(t, 1).key)
	if err != nil {
		t.Fatal(err)
	}
	for name, src := range map[string]string{
		"empty":        ``,
		"no keys":      `{"keys":[]}`,
		"private":      `{"keys":[` + string(private) + `]}`,
		"for another":  strings.Replace(good, `"use": "sig"`, `"use": "enc"`, 1),
		"no use":       strings.Replace(good, `"use": "sig",`, ``, 1),
		"another alg":  strings.Replace(good, `EdDSA`, `ES256`, 1),
		"short":        strings.Replace(good, `"x": "`, `"x": "AAAA`, 1),
		"twice":        strings.Replace(good, `"keys": [`, `"keys": [`+strings.TrimSpace(good[strings.Index(good, "[")+1:strings.LastIndex(good, "]")])+`,`, 1),
		"twice a name": strings.Replace(good, `"use": "sig"`, `"use": "sig", "use": "sig"`, 1),
	} {
		if src == good {
			t.Fatalf("%s: the test changed nothing:\n%s", name, good)
		}
		if _, err := ParseKeys([]byte(src)); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if _, err := NewSigner(make([]byte, 31)); err == nil {
		t.Error("a short seed was taken")
	}
	if _, err := NewSigner(make([]byte, 32), make([]byte, 32)); err == nil {
		t.Error("the same key twice was taken")
	}
}

func TestPeriods(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{0: "PT0S", -time.Hour: "PT0S", time.Hour: "PT3600S", 48 * time.Hour: "P2D", 25 * time.Hour: "PT90000S"} {
		if got := period(d); got != want {
			t.Errorf("period(%v) is %s, want %s", d, got, want)
		}
	}
	if got := Printable("a\x1b[31m\u202eb\nc"); got != "a\uFFFD[31m\uFFFDb\nc" {
		t.Errorf("printable: %q", got)
	}
}

// FuzzVerify: whatever the file is, it is refused or it was signed by us.
func FuzzVerify(f *testing.F) {
	b, s := agreed(f), signer(f, 1)
	keys := keysOf(f, s)
	token, err := s.Receipt(b.receipt(f))
	if err != nil {
		f.Fatal(err)
	}
	proof, err := s.Proof(&b.proof)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(token))
	f.Add([]byte(proof))
	f.Add([]byte("eyJhbGciOiJub25lIn0.e30."))
	f.Add([]byte("a.b.c"))
	f.Fuzz(func(t *testing.T, file []byte) {
		v, err := keys.Verify(file)
		got := string(bytes.TrimSpace(file))
		if err == nil && got != token && got != proof {
			t.Fatalf("a file that we did not sign was taken: %q", file)
		}
		if err == nil && (v.Receipt == nil) == (v.Proof == nil) {
			t.Fatal("neither a receipt nor a proof")
		}
	})
}

// FuzzContent: what is signed may come from a program that has our key and other
// ideas; reading it must not fail in any other way than by an error.
func FuzzContent(f *testing.F) {
	b := agreed(f)
	for _, v := range []any{b.receipt(f), &b.proof} {
		data, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		v := Verified{Receipt: new(Receipt)}
		_ = content(data, v.Receipt, v.Receipt.Check)
		_ = v.WriteText(&strings.Builder{})
		v = Verified{Proof: new(persistence.Proof)}
		_ = content(data, v.Proof, func() error { return checkProof(v.Proof) })
		_ = v.WriteText(&strings.Builder{})
	})
}

func FuzzParseKeys(f *testing.F) {
	f.Add(signer(f, 1, 2).JWKS())
	f.Add([]byte(`{"keys":[{"kty":"OKP"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := ParseKeys(data)
		if err == nil && len(k.IDs()) == 0 {
			t.Fatal("no key and no error")
		}
	})
}
