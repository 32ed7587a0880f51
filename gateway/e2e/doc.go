// Package e2e holds tests only: whole gateways, real stores, a real browser.
package e2e
