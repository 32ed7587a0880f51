package staff

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How often somebody may try to sign in, for each account and each address: some
// at once, then one at a time. Each node counts by itself.
const (
	accountBurst = 8
	accountEvery = 15 * time.Second
	addressBurst = 30
	addressEvery = 2 * time.Second
	// maxRemembered is how many are remembered before those are forgotten who may
	// try as often as anybody again.
	maxRemembered = 10_000
)

// attempts counts attempts to sign in. All methods may be called concurrently.
type attempts struct {
	mu        sync.Mutex // guards the fields below
	accounts  map[string]*rate.Limiter
	addresses map[string]*rate.Limiter
}

// take counts one attempt and returns 0, or when to try again. Where the address
// may not try, the account is not counted: who knows a name could lock its owner
// out.
func (a *attempts) take(account, address string, now time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.accounts == nil {
		a.accounts, a.addresses = map[string]*rate.Limiter{}, map[string]*rate.Limiter{}
	}
	if !limiter(a.addresses, address, addressEvery, addressBurst, now).AllowN(now, 1) {
		return addressEvery
	}
	// The account's count is of this address: somebody else's attempts must not
	// keep its owner out.
	if !limiter(a.accounts, account+"\n"+address, accountEvery, accountBurst, now).AllowN(now, 1) {
		return accountEvery
	}
	// And one of all addresses, which is wider.
	if !limiter(a.accounts, account, accountEvery/10, 10*accountBurst, now).AllowN(now, 1) {
		return accountEvery
	}
	return 0
}

// forgive forgets the attempts on an account whose owner has signed in. Those of the
// address stay: who has one account must not get more attempts at others.
func (a *attempts) forgive(account, address string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.accounts, account)
	delete(a.accounts, account+"\n"+address)
}

func limiter(list map[string]*rate.Limiter, key string, every time.Duration, burst int, now time.Time) *rate.Limiter {
	l := list[key]
	if l == nil {
		if len(list) >= maxRemembered {
			for k, old := range list {
				if old.TokensAt(now) >= float64(old.Burst()) {
					delete(list, k)
				}
			}
		}
		l = rate.NewLimiter(rate.Every(every), burst)
		list[key] = l
	}
	return l
}
