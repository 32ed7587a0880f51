package seal

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"zgoda/persistence"
)

func TestP9_CreateThenLoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	if _, err := Load(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a file that does not exist must say so, got %v", err)
	}
	made, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 {
		t.Errorf("keys must be their owner's alone, mode is %v", info.Mode())
	}
	loaded, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := loaded.VerifyCheck(made.Check()); err != nil {
		t.Errorf("what was created must load as the same keys: %v", err)
	}
	written, err := made.Keyring()
	if err != nil {
		t.Fatal(err)
	}
	read, err := loaded.Keyring()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := read.Open(testScope, mustSeal(t, written, testScope, []byte("text"))); err != nil || string(got) != "text" {
		t.Errorf("keys must seal the same after a restart: %q %v", got, err)
	}
}

func TestP9_CreateNeverOverwrites(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{"keys": "other keys", "an empty file": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "keys.json")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Create(path); !errors.Is(err, fs.ErrExist) {
				t.Errorf("keys that are there must not be replaced, got %v", err)
			}
			if b, err := os.ReadFile(path); err != nil || string(b) != content {
				t.Errorf("the file must be as it was, holds %q %v", b, err)
			}
			onlyFile(t, dir)
		})
	}
}

// onlyFile makes sure that no temporary file with secrets was left behind.
func onlyFile(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Errorf("the folder must hold the keys file alone, holds %v", entries)
	}
}

// TestP9_OneCreateWins starts as several processes do that come up together.
func TestP9_OneCreateWins(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "keys.json")
	var mu sync.Mutex
	var won []*KeyFile
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			f, err := Create(path)
			switch {
			case err == nil:
				mu.Lock()
				won = append(won, f)
				mu.Unlock()
			case !errors.Is(err, fs.ErrExist):
				t.Errorf("who comes second must be told that there is a file, got %v", err)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("one must win, won: %d", len(won))
	}
	loaded, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := loaded.VerifyCheck(won[0].Check()); err != nil {
		t.Errorf("the file must hold the winner's keys: %v", err)
	}
	onlyFile(t, dir)
}

func TestP9_LoadRefusesFilesOthersMayRead(t *testing.T) {
	t.Parallel()
	for _, mode := range []fs.FileMode{0o600, 0o400, 0o640, 0o620, 0o610, 0o604, 0o602, 0o601, 0o660, 0o666, 0o777} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "keys.json")
			if _, err := Create(path); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			_, err := Load(path)
			if mode&0o077 == 0 {
				if err != nil {
					t.Errorf("a file of its owner alone must load, got %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), "chmod 600 "+path) {
				t.Errorf("mode %v must be refused with the command that mends it, got %v", mode, err)
			}
		})
	}
}

func TestLoadRefusesWhatIsNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder is no keys file, got %v", err)
	}
	large := filepath.Join(dir, "large")
	if err := os.WriteFile(large, bytes.Repeat([]byte(" "), maxFileBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(large); err == nil || !strings.Contains(err.Error(), large) {
		t.Errorf("the message must name the file that is no keys file, got %v", err)
	}
}

// TestP9_ParseIsStrict changes one thing of a good file at a time. No message
// may show a secret: it ends in a log.
func TestP9_ParseIsStrict(t *testing.T) {
	t.Parallel()
	f := Generate()
	good, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse(good); err != nil {
		t.Fatalf("what Encode wrote must parse: %v", err)
	}
	id, sealKey, tokenKey := base64.StdEncoding.EncodeToString(f.ID), f.Seal[0], f.Token[0]
	sealSecret := base64.StdEncoding.EncodeToString(sealKey.Secret)
	tests := map[string]struct {
		change func(m map[string]any)
		want   string
	}{
		"unknown member":          {func(m map[string]any) { m["comment"] = "x" }, "comment"},
		"unknown member in a key": {func(m map[string]any) { seal(m, 0)["alg"] = "x" }, "alg"},
		"member in another case":  {func(m map[string]any) { m["Write"] = m["write"]; delete(m, "write") }, "Write"},
		"write key missing":       {func(m map[string]any) { m["write"] = tokenKey.ID }, "not among the 1 seal keys"},
		"write not named":         {func(m map[string]any) { delete(m, "write") }, "not among the 1 seal keys"},
		"no seal keys":            {func(m map[string]any) { m["seal"] = nil }, "not among the 0 seal keys"},
		"seal key twice":          {func(m map[string]any) { m["seal"] = append(m["seal"].([]any), seal(m, 0)) }, `seal key 2: "` + sealKey.ID + `" is listed twice`},
		"short seal key":          {func(m map[string]any) { seal(m, 0)["secret"] = "AAAA" }, "seal key 1: secret has 3 bytes, want 32"},
		"seal key damaged":        {func(m map[string]any) { seal(m, 0)["secret"] = id }, "does not belong to its secret"},
		"seal key not base64":     {func(m map[string]any) { seal(m, 0)["secret"] = "!" + sealSecret[1:] }, "secret"},
		"seal key a list":         {func(m map[string]any) { seal(m, 0)["secret"] = []any{sealSecret} }, "secret"},
		"short id key":            {func(m map[string]any) { m["id"] = "AAAA" }, "id key has 3 bytes, want 32"},
		"no id key":               {func(m map[string]any) { delete(m, "id") }, "id key has 0 bytes, want 32"},
		"token key twice":         {func(m map[string]any) { m["token"] = append(m["token"].([]any), m["token"].([]any)[0]) }, `token key 2: "` + tokenKey.ID + `" is listed twice`},
		"short token key":         {func(m map[string]any) { m["token"].([]any)[0].(map[string]any)["secret"] = "AAAA" }, "token key 1: secret has 3 bytes"},
		"token write missing":     {func(m map[string]any) { m["token_write"] = sealKey.ID }, "not among the 1 token keys"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var m map[string]any
			if err := json.Unmarshal(good, &m); err != nil {
				t.Fatal(err)
			}
			tt.change(m)
			b, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			refuses(t, f, b, tt.want)
		})
	}
	texts := map[string]struct{ text, want string }{
		"nothing":            {"", ""},
		"no object":          {`[]`, ""},
		"null":               {`null`, ""},
		"cut":                {string(good[:len(good)/2]), ""},
		"cut in a secret":    {string(good[:bytes.Index(good, []byte(sealSecret))+20]), ""},
		"data after it":      {string(good) + `{}`, "after"},
		"member given twice": {strings.Replace(string(good), "{", `{"write": "`+tokenKey.ID+`",`, 1), "write"},
	}
	for name, tt := range texts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refuses(t, f, []byte(tt.text), tt.want)
		})
	}
}

func seal(m map[string]any, i int) map[string]any { return m["seal"].([]any)[i].(map[string]any) }

func refuses(t *testing.T, f *KeyFile, b []byte, want string) {
	t.Helper()
	_, err := Parse(b)
	if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "parse keys: ") {
		t.Fatalf("got %v, want an error with %q", err, want)
	}
	for _, secret := range [][]byte{f.Seal[0].Secret, f.Token[0].Secret, f.ID} {
		// Eight characters of it are already more than a log may have.
		text := base64.StdEncoding.EncodeToString(secret)
		for i := range len(text) - 8 {
			if strings.Contains(err.Error(), text[i:i+8]) {
				t.Fatalf("the message shows a part of a secret: %v", err)
			}
		}
	}
}

// TestP9_CheckValue compares a deployment's keys with those of others, and with
// its own at every step of a rotation.
func TestP9_CheckValue(t *testing.T) {
	t.Parallel()
	f := Generate()
	kept := f.Check()
	rotated := *f
	fresh := NewKey()
	rotated.Seal, rotated.Write = append([]Key{fresh}, f.Seal...), fresh.ID
	shared := *Generate()
	shared.Seal, shared.Write = f.Seal, f.Write
	tests := map[string]struct {
		file   *KeyFile
		stored []byte
		wrong  bool
	}{
		"the same keys":                {f, kept, false},
		"after a rotation":             {&rotated, kept, false},
		"keys of another deployment":   {Generate(), kept, true},
		"another id key":               {&shared, kept, true},
		"a check value that was cut":   {f, kept[:16], true},
		"a check value that is absent": {f, nil, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := tt.file.VerifyCheck(tt.stored); errors.Is(err, persistence.ErrWrongKey) != tt.wrong || (err != nil) != tt.wrong {
				t.Errorf("got %v, want wrong key: %v", err, tt.wrong)
			}
		})
	}
	if bytes.Contains(kept, f.ID[:8]) {
		t.Error("the check value must tell nothing about the keys")
	}
}

func TestEncodeRefusesBadKeys(t *testing.T) {
	t.Parallel()
	f := Generate()
	f.ID = f.ID[:31]
	if _, err := f.Encode(); err == nil || !strings.Contains(err.Error(), "id key has 31 bytes") {
		t.Errorf("a file that would not load must not be written, got %v", err)
	}
}
