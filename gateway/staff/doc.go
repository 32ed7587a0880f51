// Package staff knows the people who work with the console: how they sign in, for
// how long, and what they may do on which site.
//
//	invite ──accept──▶ operator ──sign in──▶ session (a secret in a cookie; its hash is kept)
//	                      │                     │ ends: idle, absolute, sign-out, password, disabled
//	                      └─ roles per site      └─▶ Identity: who, and which roles where
//
// Passwords are hashed with argon2id. A name that is unknown, a password that is
// wrong and an account that is disabled are answered alike and take as long.
// Attempts are bounded for each account and each address.
package staff
