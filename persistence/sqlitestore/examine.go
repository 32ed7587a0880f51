package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// Examine reads a whole data file beside whoever uses it and reports what is wrong with
// its pages and indexes; nil is good. It changes nothing. checkValue is Options.CheckValue.
//
// Source: SQLite, PRAGMA quick_check.
func Examine(ctx context.Context, path string, checkValue []byte) error {
	s, err := Open(ctx, path, Options{ReadOnly: true, CheckValue: checkValue})
	if err != nil {
		return err
	}
	var wrong []string
	err = s.read(ctx, func(c *conn) error {
		return c.each(ctx, "PRAGMA quick_check(5)", nil, func(rows *sql.Rows) error {
			var line string
			err := rows.Scan(&line)
			if line != "ok" {
				wrong = append(wrong, line)
			}
			return err
		})
	})
	if err == nil && len(wrong) > 0 {
		err = fmt.Errorf("the file is damaged: %s", strings.Join(wrong, "; "))
	}
	return errors.Join(storeError("check the data file", err), s.Close())
}
