package pgstore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// GrantLogin makes an existing login a member of the roles a gateway acts as. It
// has their rights only where it asks for them (SET ROLE): a login that was
// given them in another way keeps what it has. ownerDSN is as for Migrate, which
// comes first.
func GrantLogin(ctx context.Context, ownerDSN, login string) error {
	conn, err := pgx.Connect(ctx, ownerDSN)
	if err != nil {
		return storeError("connect", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	name := pgx.Identifier{login}.Sanitize()
	_, err = conn.Exec(ctx, fmt.Sprintf("GRANT %s, %s, %s TO %s", RoleApp, RoleMarketing, RoleRetention, name))
	if sqlState(err) == undefinedObject {
		return fmt.Errorf("there is no login %s, or no roles yet: run `zgoda migrate up` and `CREATE ROLE %s LOGIN NOINHERIT`: %w", login, name, err)
	}
	return storeError("grant roles", err)
}
