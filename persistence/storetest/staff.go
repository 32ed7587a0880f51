package storetest

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zgoda/persistence"
)

// A StaffBackend makes the staff stores of one technology.
type StaffBackend struct {
	// New returns an empty store for one subtest and registers its cleanup.
	New func(t *testing.T) persistence.Staff
}

// Staff is the suite of persistence.Staff.
func Staff(t *testing.T, b StaffBackend) {
	t.Helper()
	cases := []struct {
		name string
		run  func(*testing.T, persistence.Staff)
	}{
		{"OperatorsByIDAndLogin", operatorsByIDAndLogin},
		{"LoginIsOnePersons", loginIsOnePersons},
		{"OperatorChanges", operatorChanges},
		{"PasswordsAreHashed", passwordsAreHashed},
		{"MembershipsOfSites", membershipsOfSites},
		{"SessionsEnd", sessionsEnd},
		{"SessionsEndWithTheirOperator", sessionsEndWithTheirOperator},
		{"InviteMakesAMember", inviteMakesAMember},
		{"InviteIsUsedOnce", inviteIsUsedOnce},
		{"InviteSetsAPassword", inviteSetsAPassword},
		{"RevisionsFollow", revisionsFollow},
		{"RevisionsRace", revisionsRace},
		{"EndedContext", staffEndedContext},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, b.New(t))
		})
	}
}

const testHash = "$argon2id$v=19$m=65536,t=1,p=2$c2FsdA$aGFzaA"

func token(secret string) persistence.TokenHash { return sha256.Sum256([]byte(secret)) }

func addOperator(t *testing.T, s persistence.Staff, id, login string) persistence.Operator {
	t.Helper()
	o := persistence.Operator{ID: id, Login: login, Name: "Name of " + id, Password: testHash}
	if err := s.AddOperator(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return o
}

func operatorsByIDAndLogin(t *testing.T, s persistence.Staff) {
	want := addOperator(t, s, "o1", "Ewa@Example.test")
	byID, err := s.Operator(t.Context(), "o1")
	if err != nil || time.Since(byID.CreatedAt).Abs() > time.Minute {
		t.Fatalf("an operator must be found by id, as made now, got %+v %v", byID, err)
	}
	want.CreatedAt = byID.CreatedAt
	if byID != want {
		t.Errorf("an operator must come back as made, got %+v, want %+v", byID, want)
	}
	for _, login := range []string{"ewa@example.test", " EWA@EXAMPLE.TEST\t"} {
		if got, err := s.OperatorByLogin(t.Context(), login); err != nil || got != want {
			t.Errorf("%q must find the operator, got %+v %v", login, got, err)
		}
	}
	for _, err := range []error{
		func() error { _, err := s.Operator(t.Context(), "o2"); return err }(),
		func() error { _, err := s.OperatorByLogin(t.Context(), "o1"); return err }(),
		func() error { _, err := s.OperatorByLogin(t.Context(), ""); return err }(),
	} {
		if !errors.Is(err, persistence.ErrNotFound) {
			t.Errorf("nobody must be not found, got %v", err)
		}
	}
	if b, err := json.Marshal(byID); err != nil || strings.Contains(string(b), "argon2") {
		t.Errorf("a password's hash must be in no JSON, got %s %v", b, err)
	}
}

func loginIsOnePersons(t *testing.T, s persistence.Staff) {
	addOperator(t, s, "o1", "Żaneta@example.test")
	for _, o := range []persistence.Operator{{ID: "o1", Login: "other"}, {ID: "o2", Login: "ŻANETA@example.test "}} {
		if err := s.AddOperator(t.Context(), o); !errors.Is(err, persistence.ErrExists) {
			t.Errorf("%+v is somebody's, got %v", o, err)
		}
	}
	for _, o := range []persistence.Operator{{ID: "", Login: "x"}, {ID: "o3", Login: " "}, {ID: "o3", Login: "x", Password: "secret"}} {
		if err := s.AddOperator(t.Context(), o); err == nil || errors.Is(err, persistence.ErrExists) {
			t.Errorf("%+v is no operator and must be refused, got %v", o, err)
		}
	}
	if all, err := s.Operators(t.Context(), ""); err != nil || len(all) != 1 {
		t.Errorf("what was refused is not kept, got %v %v", all, err)
	}
}

func operatorChanges(t *testing.T, s persistence.Staff) {
	addOperator(t, s, "o1", "ewa")
	name, hash, yes, no := "Ewa K.", testHash+"2", true, false
	change := func(c persistence.OperatorChange) persistence.Operator {
		t.Helper()
		if err := s.ChangeOperator(t.Context(), "o1", c); err != nil {
			t.Fatal(err)
		}
		o, err := s.Operator(t.Context(), "o1")
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	if o := change(persistence.OperatorChange{Name: &name}); o.Name != name || o.Password != testHash || !o.DisabledAt.IsZero() {
		t.Errorf("a name must change and nothing else, got %+v", o)
	}
	if o := change(persistence.OperatorChange{Password: &hash}); o.Name != name || o.Password != hash {
		t.Errorf("a password must change and nothing else, got %+v", o)
	}
	first := change(persistence.OperatorChange{Disabled: &yes}).DisabledAt
	if first.IsZero() || !change(persistence.OperatorChange{Disabled: &yes}).DisabledAt.Equal(first) {
		t.Error("an operator is disabled since the first time")
	}
	if o := change(persistence.OperatorChange{Disabled: &no}); !o.DisabledAt.IsZero() || o.Password != hash {
		t.Errorf("an operator must be enabled as they were, got %+v", o)
	}
	if err := s.ChangeOperator(t.Context(), "o2", persistence.OperatorChange{Name: &name}); !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("nobody cannot be changed, got %v", err)
	}
}

func passwordsAreHashed(t *testing.T, s persistence.Staff) {
	addOperator(t, s, "o1", "ewa")
	clear := "correct horse"
	if err := s.ChangeOperator(t.Context(), "o1", persistence.OperatorChange{Password: &clear}); err == nil {
		t.Error("a password that is not hashed must be refused")
	}
	if o, err := s.Operator(t.Context(), "o1"); err != nil || o.Password != testHash {
		t.Errorf("what was refused changes nothing, got %+v %v", o, err)
	}
}

func membershipsOfSites(t *testing.T, s persistence.Staff) {
	addOperator(t, s, "o1", "ewa")
	addOperator(t, s, "o2", "Adam")
	addOperator(t, s, "o3", "nobody")
	set := func(operator, site, role string, on bool) {
		t.Helper()
		for range 2 {
			if err := s.SetRole(t.Context(), persistence.Membership{Operator: operator, Site: site, Role: role}, on); err != nil {
				t.Fatal(err)
			}
		}
	}
	set("o1", "shop", persistence.RoleOperator, true)
	set("o1", "shop", persistence.RolePrivacyOfficer, true)
	set("o1", "other", persistence.RoleAdministrator, true)
	set("o2", "shop", persistence.RoleOperator, true)
	set("o2", "other", persistence.RoleOperator, true)
	set("o2", "other", persistence.RoleOperator, false)
	got, err := s.Memberships(t.Context(), "o1")
	var roles []string
	for _, m := range got {
		roles = append(roles, m.Site+"/"+m.Role)
		if m.Operator != "o1" || time.Since(m.Since).Abs() > time.Minute {
			t.Errorf("a membership says whose it is and since when, got %+v", m)
		}
	}
	if want := []string{"other/administrator", "shop/operator", "shop/privacy_officer"}; err != nil || !slices.Equal(roles, want) {
		t.Errorf("an operator's roles must be listed, got %v %v, want %v", roles, err, want)
	}
	for site, want := range map[string][]string{"shop": {"o2", "o1"}, "other": {"o1"}, "third": nil, "": {"o2", "o1", "o3"}} {
		list, err := s.Operators(t.Context(), site)
		var ids []string
		for _, o := range list {
			ids = append(ids, o.ID)
		}
		if err != nil || !slices.Equal(ids, want) {
			t.Errorf("the operators of site %q must be listed by login, got %v %v, want %v", site, ids, err, want)
		}
	}
	if err := s.SetRole(t.Context(), persistence.Membership{Operator: "o9", Site: "shop", Role: persistence.RoleOperator}, true); !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("nobody can have no role, got %v", err)
	}
	for _, m := range []persistence.Membership{{Operator: "o1", Site: "shop", Role: "owner"}, {Operator: "o1", Role: persistence.RoleOperator}} {
		if err := s.SetRole(t.Context(), m, true); err == nil {
			t.Errorf("%+v is no membership and must be refused", m)
		}
	}
}

func session(operator, secret string, from time.Time) persistence.StaffSession {
	return persistence.StaffSession{Token: token(secret), Operator: operator, CreatedAt: from, LastSeen: from, Idle: 30 * time.Minute, ExpiresAt: from.Add(2 * time.Hour)}
}

func sessionsEnd(t *testing.T, s persistence.Staff) {
	addOperator(t, s, "o1", "ewa")
	from := now().Truncate(time.Millisecond)
	add := func(secret string) {
		t.Helper()
		if err := s.AddSession(t.Context(), session("o1", secret, from)); err != nil {
			t.Fatal(err)
		}
	}
	is := func(secret string, after time.Duration, there bool) {
		t.Helper()
		got, o, err := s.Session(t.Context(), token(secret), from.Add(after))
		switch {
		case there && (err != nil || o.ID != "o1" || got.Operator != "o1" || got.Ended(from.Add(after)) || !got.CreatedAt.Equal(from) || got.Idle != 30*time.Minute):
			t.Errorf("session %s must be there after %v, got %+v %+v %v", secret, after, got, o, err)
		case !there && !errors.Is(err, persistence.ErrNotFound):
			t.Errorf("session %s must be over after %v, got %+v %v", secret, after, got, err)
		}
	}
	add("idle")
	is("idle", 0, true)
	is("idle", 30*time.Minute, true)
	is("idle", 61*time.Minute, false)
	add("busy")
	for after := time.Duration(0); after < 2*time.Hour; after += 25 * time.Minute {
		is("busy", after, true)
	}
	is("busy", 2*time.Hour, false)
	add("ended")
	is("ended", time.Minute, true)
	for range 2 {
		if err := s.EndSession(t.Context(), token("ended")); err != nil {
			t.Fatal(err)
		}
	}
	is("ended", time.Minute, false)
	is("never", 0, false)
	add("open")
	if n, err := s.ForgetSessions(t.Context(), from.Add(5*time.Minute)); err != nil || n != 0 {
		t.Errorf("nothing is over yet, %d were forgotten, %v", n, err)
	}
	if n, err := s.ForgetSessions(t.Context(), from.Add(3*time.Hour)); err != nil || n != 3 {
		t.Errorf("what is over must be forgotten, %d were, %v", n, err)
	}
	for _, bad := range []persistence.StaffSession{{Token: token("x"), Operator: "o1"}, {}} {
		if err := s.AddSession(t.Context(), bad); err == nil {
			t.Errorf("%+v is no session and must be refused", bad)
		}
	}
}

func sessionsEndWithTheirOperator(t *testing.T, s persistence.Staff) {
	from, yes, no, hash := now(), true, false, testHash+"2"
	for name, end := range map[string]func(id string) error{
		"disabled": func(id string) error {
			return s.ChangeOperator(t.Context(), id, persistence.OperatorChange{Disabled: &yes})
		},
		"new password": func(id string) error {
			return s.ChangeOperator(t.Context(), id, persistence.OperatorChange{Password: &hash})
		},
		"all ended": func(id string) error { return s.EndSessions(t.Context(), id) },
	} {
		addOperator(t, s, name, name)
		addOperator(t, s, name+" other", name+" other")
		for _, id := range []string{name, name + " other"} {
			if err := s.AddSession(t.Context(), session(id, id, from)); err != nil {
				t.Fatal(err)
			}
		}
		if err := end(name); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Session(t.Context(), token(name), from); !errors.Is(err, persistence.ErrNotFound) {
			t.Errorf("%s: the session must be over, got %v", name, err)
		}
		if _, _, err := s.Session(t.Context(), token(name+" other"), from); err != nil {
			t.Errorf("%s: another's session must stay, got %v", name, err)
		}
	}
	if err := s.AddSession(t.Context(), session("disabled", "again", from)); !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("who is disabled cannot sign in, got %v", err)
	}
	if err := s.AddSession(t.Context(), session("nobody", "nobody", from)); !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("nobody cannot sign in, got %v", err)
	}
	if err := s.ChangeOperator(t.Context(), "disabled", persistence.OperatorChange{Disabled: &no}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Session(t.Context(), token("disabled"), from); !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("enabling brings no session back, got %v", err)
	}
}

func invite(secret, login, site, role string) persistence.Invite {
	at := now()
	return persistence.Invite{Token: token(secret), Login: login, Site: site, Role: role, By: "operator:1", CreatedAt: at, ExpiresAt: at.Add(48 * time.Hour)}
}

func inviteMakesAMember(t *testing.T, s persistence.Staff) {
	addOperator(t, s, "o1", "ewa@example.test")
	for secret, login := range map[string]string{"known": "EWA@example.test", "new": "jan@example.test"} {
		if err := s.AddInvite(t.Context(), invite(secret, login, "shop", persistence.RoleOperator)); err != nil {
			t.Fatal(err)
		}
	}
	accept := func(secret string) (persistence.Operator, error) {
		return s.AcceptInvite(t.Context(), token(secret), now(), persistence.Operator{ID: "o-" + secret, Name: "Jan", Password: testHash + "2"})
	}
	known, err := accept("known")
	if err != nil || known.ID != "o1" || known.Password != testHash || known.Name != "Name of o1" {
		t.Errorf("who is known becomes a member and stays who they are, got %+v %v", known, err)
	}
	made, err := accept("new")
	if err != nil || made.ID != "o-new" || made.Login != "jan@example.test" || made.Name != "Jan" || made.Password != testHash+"2" {
		t.Errorf("who is new is made, got %+v %v", made, err)
	}
	for _, id := range []string{"o1", "o-new"} {
		m, err := s.Memberships(t.Context(), id)
		if err != nil || len(m) != 1 || m[0].Site != "shop" || m[0].Role != persistence.RoleOperator {
			t.Errorf("%s must be a member, got %v %v", id, m, err)
		}
	}
	if err := s.AddInvite(t.Context(), invite("known", "other", "shop", persistence.RoleOperator)); !errors.Is(err, persistence.ErrExists) {
		t.Errorf("a token is one invite's, got %v", err)
	}
	for _, bad := range []persistence.Invite{
		invite("x", "", "shop", persistence.RoleOperator), invite("x", "a", "shop", ""), invite("x", "a", "", persistence.RoleOperator), invite("x", "a", "shop", "owner"), {},
	} {
		if err := s.AddInvite(t.Context(), bad); err == nil {
			t.Errorf("%+v is no invite and must be refused", bad)
		}
	}
}

func inviteIsUsedOnce(t *testing.T, s persistence.Staff) {
	if err := s.AddInvite(t.Context(), invite("once", "jan", "shop", persistence.RoleOperator)); err != nil {
		t.Fatal(err)
	}
	accept := func(secret string, i int, at time.Time) error {
		_, err := s.AcceptInvite(t.Context(), token(secret), at, persistence.Operator{ID: fmt.Sprint("o", i), Name: "Jan", Password: testHash})
		return err
	}
	if err := accept("once", 0, now().Add(72*time.Hour)); !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("an invite that has expired must be refused, got %v", err)
	}
	// One that cannot be carried out is not used up.
	if _, err := s.AcceptInvite(t.Context(), token("once"), now(), persistence.Operator{ID: "o", Password: "clear"}); err == nil {
		t.Error("a password that is not hashed must be refused")
	}
	var taken atomic.Int64
	var wg sync.WaitGroup
	for i := range 5 {
		wg.Go(func() {
			switch err := accept("once", i, now()); {
			case err == nil:
				taken.Add(1)
			case !errors.Is(err, persistence.ErrNotFound):
				t.Errorf("an invite that was used must be refused, got %v", err)
			}
		})
	}
	wg.Wait()
	if all, err := s.Operators(t.Context(), "shop"); taken.Load() != 1 || err != nil || len(all) != 1 {
		t.Errorf("an invite makes one operator, %d did, %v %v", taken.Load(), all, err)
	}
	if err := accept("never", 9, now()); !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("an invite that nobody made must be refused, got %v", err)
	}
}

func inviteSetsAPassword(t *testing.T, s persistence.Staff) {
	addOperator(t, s, "o1", "ewa")
	from := now()
	if err := s.AddSession(t.Context(), session("o1", "s", from)); err != nil {
		t.Fatal(err)
	}
	for secret, login := range map[string]string{"reset": "ewa", "nobody": "nobody", "later": "ewa"} {
		if err := s.AddInvite(t.Context(), invite(secret, login, "", "")); err != nil {
			t.Fatal(err)
		}
	}
	accept := func(secret string) (persistence.Operator, error) {
		return s.AcceptInvite(t.Context(), token(secret), now(), persistence.Operator{ID: "x", Password: testHash + "2"})
	}
	if _, err := accept("nobody"); !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("without a site nobody is made, got %v", err)
	}
	if o, err := accept("reset"); err != nil || o.ID != "o1" || o.Password != testHash+"2" {
		t.Errorf("a new password must be set, got %+v %v", o, err)
	}
	if o, err := s.Operator(t.Context(), "o1"); err != nil || o.Password != testHash+"2" || o.Name != "Name of o1" {
		t.Errorf("a new password must be kept, and nothing else change, got %+v %v", o, err)
	}
	if _, _, err := s.Session(t.Context(), token("s"), from); !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("a new password ends sessions, got %v", err)
	}
	yes := true
	if err := s.ChangeOperator(t.Context(), "o1", persistence.OperatorChange{Disabled: &yes}); err != nil {
		t.Fatal(err)
	}
	if _, err := accept("later"); !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("who is disabled cannot come back by an old link, got %v", err)
	}
}

func revisionsFollow(t *testing.T, s persistence.Staff) {
	if _, err := s.Revision(t.Context(), "shop", 0); !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("a site that was never configured has no revision, got %v", err)
	}
	for i, doc := range []string{"one", "two", "three"} {
		n, err := s.AddRevision(t.Context(), persistence.SiteRevision{Site: "shop", Document: doc, Actor: "operator:1"}, uint64(i))
		if err != nil || n != uint64(i+1) {
			t.Fatalf("revision %d: %d %v", i+1, n, err)
		}
	}
	if _, err := s.AddRevision(t.Context(), persistence.SiteRevision{Site: "other", Document: "theirs", Actor: "command:root"}, 0); err != nil {
		t.Fatal(err)
	}
	for base, want := range map[uint64]error{0: persistence.ErrExists, 2: persistence.ErrExists, 7: nil} {
		_, err := s.AddRevision(t.Context(), persistence.SiteRevision{Site: "shop", Document: "x", Actor: "a"}, base)
		if err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("a revision on base %d must be refused, got %v", base, err)
		}
	}
	for n, want := range map[uint64]string{0: "three", 1: "one", 3: "three"} {
		r, err := s.Revision(t.Context(), "shop", n)
		if err != nil || r.Document != want || r.Actor != "operator:1" || r.Site != "shop" || time.Since(r.At).Abs() > time.Minute {
			t.Errorf("revision %d must be %q, got %+v %v", n, want, r, err)
		}
	}
	list, err := s.Revisions(t.Context(), "shop", 3, 1)
	if err != nil || len(list) != 1 || list[0].Revision != 2 || list[0].Document != "" {
		t.Errorf("revisions are listed newest first, without documents, got %+v %v", list, err)
	}
	if list, err = s.Revisions(t.Context(), "shop", 0, 10); err != nil || len(list) != 3 || list[0].Revision != 3 {
		t.Errorf("all revisions must be listed, got %+v %v", list, err)
	}
	sites, err := s.Sites(t.Context())
	if err != nil || len(sites) != 2 || sites[0].Document != "theirs" || sites[1].Document != "three" || sites[1].Revision != 3 {
		t.Errorf("the newest of every site must be listed, got %+v %v", sites, err)
	}
	for _, bad := range []persistence.SiteRevision{{Site: "shop", Actor: "a"}, {Site: "shop", Document: "x"}, {Document: "x", Actor: "a"}} {
		if _, err := s.AddRevision(t.Context(), bad, 3); err == nil {
			t.Errorf("%+v is no revision and must be refused", bad)
		}
	}
}

func revisionsRace(t *testing.T, s persistence.Staff) {
	var won atomic.Int64
	var wg sync.WaitGroup
	for i := range 5 {
		wg.Go(func() {
			_, err := s.AddRevision(t.Context(), persistence.SiteRevision{Site: "shop", Document: fmt.Sprint(i), Actor: "a"}, 0)
			switch {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, persistence.ErrExists):
				t.Errorf("who comes second must be told, got %v", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("one of several on the same base wins, %d did", won.Load())
	}
}

func staffEndedContext(t *testing.T, s persistence.Staff) {
	ctx := cancelled()
	for name, call := range map[string]func() error{
		"add":       func() error { return s.AddOperator(ctx, persistence.Operator{ID: "o", Login: "o"}) },
		"operator":  func() error { _, err := s.Operator(ctx, "o"); return err },
		"session":   func() error { _, _, err := s.Session(ctx, token("x"), now()); return err },
		"revision":  func() error { _, err := s.Revision(ctx, "shop", 0); return err },
		"sites":     func() error { _, err := s.Sites(ctx); return err },
		"operators": func() error { _, err := s.Operators(ctx, ""); return err },
	} {
		if err := call(); !errors.Is(err, persistence.ErrUnavailable) {
			t.Errorf("%s with a context that has ended must be unavailable, got %v", name, err)
		}
	}
}
