package loadtest

import (
	"bufio"
	"context"
	"os"
	"strings"

	"zgoda/loadtest/staff"
)

// operators returns the accounts of those who answer: made on a cluster of the tool's
// own, read from a file otherwise.
func (r *run) operators(ctx context.Context) ([]staff.Account, error) {
	n := r.s.Operators.Count
	switch {
	case n == 0:
		return nil, nil
	case r.cluster != nil:
		accounts, err := r.cluster.Operators(ctx, r.s.Site, n)
		if err != nil {
			return nil, cannot("make the operators' accounts: %w", err)
		}
		return accounts, nil
	}
	accounts, err := readAccounts(r.opts.Operators)
	if err != nil {
		return nil, err
	}
	if len(accounts) < n {
		r.note(r.opts.Operators + " has fewer accounts than the scenario has operators; all of them work")
	}
	return accounts[:min(n, len(accounts))], nil
}

// readAccounts reads a login and a password from each line. Empty lines and those that
// begin with # are passed over.
func readAccounts(name string) ([]staff.Account, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, cannot("read operators: %w", err)
	}
	defer func() { _ = file.Close() }() // only read from
	var all []staff.Account
	lines := bufio.NewScanner(file)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		login, password, ok := strings.Cut(line, " ")
		if !ok {
			return nil, cannot("%s:%d: a line is a login, a space and a password", name, number)
		}
		all = append(all, staff.Account{Login: login, Password: strings.TrimSpace(password)})
	}
	if err := lines.Err(); err != nil {
		return nil, cannot("read operators: %w", err)
	}
	if len(all) == 0 {
		return nil, cannot("%s has no account; write a login, a space and a password on each line", name)
	}
	return all, nil
}
