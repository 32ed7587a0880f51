package pgstore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// GrantLogin makes an existing login a member of the roles a gateway acts as: the
// application's, the marketing list's and the operators' accounts', or with retention the one role that may
// delete ledgers whose time is over. A gateway asks for a role where it needs it
// (SET ROLE); a login made with NOINHERIT has no right besides. ownerDSN is as for
// Migrate, which comes first.
func GrantLogin(ctx context.Context, ownerDSN, login string, retention bool) error {
	conn, err := pgx.Connect(ctx, ownerDSN)
	if err != nil {
		return storeError("connect", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	roles := RoleApp + ", " + RoleMarketing + ", " + RoleStaff
	if retention {
		roles = RoleRetention
	}
	name := pgx.Identifier{login}.Sanitize()
	_, err = conn.Exec(ctx, fmt.Sprintf("GRANT %s TO %s", roles, name))
	if sqlState(err) == undefinedObject {
		return fmt.Errorf("there is no login %s, or no roles yet: run `zgoda migrate up` and `CREATE ROLE %s LOGIN NOINHERIT`: %w", login, name, err)
	}
	return storeError("grant roles", err)
}
