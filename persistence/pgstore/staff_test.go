package pgstore

import (
	"slices"
	"strings"
	"testing"

	"zgoda/persistence"
)

// TestP10_StaffSeesNoVisitor: the role that may read every operator may read no
// table and no view that holds a visitor, whatever site it names; and the role
// that may read visitors reads no operator (C50).
func TestP10_StaffSeesNoVisitor(t *testing.T) {
	t.Parallel()
	s, d := openTest(t)
	populate(t, s)
	if err := s.AddOperator(t.Context(), persistence.Operator{ID: "o1", Login: "ewa"}); err != nil {
		t.Fatal(err)
	}
	staffs := []string{"operator", "membership", "staff_session", "invite", "site_revision"}
	for _, role := range []string{RoleStaff, RoleApp, RoleMarketing, RoleRetention, RoleOwner} {
		tx := d.as(t, "postgres", role)
		if _, err := tx.Exec(t.Context(), `SET LOCAL zgoda.site = 'shop'`); err != nil {
			t.Fatal(err)
		}
		for _, table := range append(tablesOf(t, tx), "marketing_contact", "consent_overview") {
			n, err := countIn(t, tx, table)
			ofStaff := slices.Contains(staffs, table)
			switch {
			case role == RoleStaff && ofStaff:
				if err != nil || table == "operator" && n != 1 {
					t.Errorf("staff must read %s, got %d %v", table, n, err)
				}
			case role == RoleStaff, ofStaff && role != RoleOwner && (table != "site_revision" || role != RoleApp):
				if err == nil || !strings.Contains(err.Error(), "permission denied") {
					t.Errorf("%s must not read %s, it sees %d rows, %v", role, table, n, err)
				}
			case role == RoleOwner && ofStaff && n != 0:
				t.Errorf("the owner must see nothing of %s, it sees %d rows", table, n)
			}
		}
	}
}

// TestP10_StaffAttempts: what the staff role cannot do to its own tables.
func TestP10_StaffAttempts(t *testing.T) {
	t.Parallel()
	s, d := openTest(t)
	if err := s.AddOperator(t.Context(), persistence.Operator{ID: "o1", Login: "ewa"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddRevision(t.Context(), persistence.SiteRevision{Site: "shop", Document: "x", Actor: "a"}, 0); err != nil {
		t.Fatal(err)
	}
	for _, a := range []attempt{
		{"an operator deleted", RoleStaff, "", `DELETE FROM zgoda.operator`, "permission denied"},
		{"an operator renamed", RoleStaff, "", `UPDATE zgoda.operator SET login = 'x', login_key = 'x'`, "permission denied"},
		{"a password in clear", RoleStaff, "", `UPDATE zgoda.operator SET password = 'secret'`, "password_is_hashed"},
		{"the same login", RoleStaff, "", `INSERT INTO zgoda.operator (id, login, login_key, name, password) VALUES ('o2', 'EWA', 'ewa', '', '')`, "login_is_one_persons"},
		{"a role made up", RoleStaff, "", `INSERT INTO zgoda.membership (operator, site, role) VALUES ('o1', 'shop', 'god')`, "known_role"},
		{"a member who is nobody", RoleStaff, "", `INSERT INTO zgoda.membership (operator, site, role) VALUES ('o9', 'shop', 'operator')`, "member_is_an_operator"},
		{
			"a token in clear", RoleStaff, "",
			`INSERT INTO zgoda.staff_session VALUES ('secret', 'o1', now(), now(), '1 hour', now() + interval '1 hour')`, "session_token_is_hashed",
		},
		{"a revision by staff", RoleStaff, "", `INSERT INTO zgoda.site_revision (site, revision, document, actor) VALUES ('shop', 2, 'x', 'a')`, "permission denied"},
		{"a revision changed", RoleApp, "shop", `UPDATE zgoda.site_revision SET document = 'y'`, "permission denied"},
		{"a revision changed by the owner", RoleOwner, "shop", `UPDATE zgoda.site_revision SET document = 'y'`, "revision_never_changes"},
		{"a revision deleted by the owner", RoleOwner, "shop", `DELETE FROM zgoda.site_revision`, "revision_never_changes"},
		{"a revision left out", RoleApp, "shop", `INSERT INTO zgoda.site_revision (site, revision, document, actor) VALUES ('shop', 3, 'x', 'a')`, "revision_follows"},
		{
			"another site's revision", RoleApp, "other",
			`INSERT INTO zgoda.site_revision (site, revision, document, actor) VALUES ('shop', 1, 'x', 'a')`, "row-level security",
		},
		{"a contact by staff", RoleStaff, "shop", `DELETE FROM zgoda.contact`, "permission denied"},
		{"the app role taken by staff", RoleStaff, "shop", `CREATE TABLE zgoda.mine (x int)`, "permission denied"},
		{"what was lost taken back", RoleApp, "shop", `DELETE FROM zgoda.lost`, "permission denied"},
		{"counts written", RoleApp, "shop", `INSERT INTO zgoda.count_delta (site, purpose, status, n) VALUES ('shop', '', 'seen', 5)`, "permission denied"},
		{"counts changed", RoleApp, "shop", `UPDATE zgoda.count_total SET n = 0`, "permission denied"},
		{"the audit counted down", RoleApp, "shop", `INSERT INTO zgoda.audit (site, actor, action, people) VALUES ('shop', 'a', 'b', -1)`, "audit_counts_people"},
	} {
		tx := d.as(t, "postgres", a.role)
		if a.site != "" {
			if _, err := tx.Exec(t.Context(), `SELECT set_config('zgoda.site', $1, true)`, a.site); err != nil {
				t.Fatal(err)
			}
		}
		tag, err := tx.Exec(t.Context(), a.sql)
		if err == nil || !strings.Contains(err.Error(), a.refusedBy) {
			t.Errorf("%s must be refused by %s, got %v %v", a.name, a.refusedBy, tag, err)
		}
	}
}
