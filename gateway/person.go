package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"zgoda/gateway/access"
	"zgoda/gateway/chat"
	"zgoda/gateway/receipt"
	"zgoda/gateway/site"
	"zgoda/persistence"
	"zgoda/persistence/redisstore"
	"zgoda/persistence/seal"
)

// A Reader reads what is held about people, beside the gateways that may be
// running on the same stores. It changes nothing but the audit of what was read.
// Its methods may be called concurrently; who opened it calls Close.
type Reader struct {
	Contacts persistence.Privacy

	sites   *site.Sites
	chat    *chat.Service
	signer  *receipt.Signer
	closers []func() error
}

// OpenReader opens the stores that o names for reading.
func OpenReader(ctx context.Context, o Options) (_ *Reader, err error) {
	r := &Reader{}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	if r.sites, err = site.LoadDir(o.SitesDir, site.Options{Processor: o.Processor}); err != nil {
		return nil, err
	}
	contacts, closeContacts, err := OpenContacts(ctx, o)
	if err != nil {
		return nil, err
	}
	r.Contacts, r.closers = contacts, append(r.closers, closeContacts)
	if kept, ok := contacts.(persistence.SiteRevisions); ok {
		if _, err := newRevisions(r.sites, kept, "", slog.Default()).open(ctx); err != nil && !errors.Is(err, persistence.ErrUnavailable) {
			return nil, err
		}
	}
	keys, err := seal.Load(filepath.Join(o.DataDir, KeyFile))
	if err != nil {
		return nil, err
	}
	keyring, err := keys.Keyring()
	if err != nil {
		return nil, fmt.Errorf("load keys: %w", err)
	}
	if r.signer, err = signerOf(keys); err != nil {
		return nil, err
	}
	store, err := r.openConversations(ctx, o, keys)
	if err != nil {
		return nil, err
	}
	r.chat = chat.NewService(chat.Options{Store: store, Node: "reader", Sealer: keyring, Privacy: contacts})
	return r, nil
}

// openConversations opens the conversation store: the file that the contacts are
// in, too, or Redis.
func (r *Reader) openConversations(ctx context.Context, o Options, keys *seal.KeyFile) (persistence.Conversations, error) {
	if o.Redis == "" {
		store, ok := r.Contacts.(persistence.Conversations)
		if !ok {
			return nil, errors.New("the conversations are in redis: set redis beside postgres")
		}
		return store, nil
	}
	ro, err := redisOptions(o.Redis)
	if err != nil {
		return nil, err
	}
	ro.Sites, ro.Node, ro.Transcript, ro.Log = r.sites.Keys(), "reader:"+strings.ToLower(rand.Text()[:16]), o.Transcript, o.Log
	ro.CheckValue = keys.Check()
	store, err := redisstore.New(ctx, ro)
	if err != nil {
		return nil, err
	}
	r.closers = append(r.closers, store.Close)
	return store, nil
}

// Close closes the stores.
func (r *Reader) Close() error {
	var err error
	for _, c := range r.closers {
		err = errors.Join(err, c())
	}
	r.closers = nil
	return err
}

func (r *Reader) site(key string) (*site.Site, error) {
	st, ok := r.sites.Get(key)
	if !ok {
		return nil, fmt.Errorf("no site %q; there are %s", key, strings.Join(r.sites.Keys(), ", "))
	}
	return st, nil
}

// Access returns all that is held about a visitor, from both stores. A visitor
// that neither knows is persistence.ErrNotFound.
func (r *Reader) Access(ctx context.Context, siteKey, visitor, language string, by persistence.Access) (*access.Document, error) {
	st, err := r.site(siteKey)
	if err != nil {
		return nil, err
	}
	return accessOf(ctx, r.chat, st, visitor, language, by)
}

// accessOf reads what both stores hold about a visitor.
func accessOf(ctx context.Context, talk *chat.Service, st *site.Site, visitor, language string, by persistence.Access) (*access.Document, error) {
	held, err := talk.Held(ctx, st, chat.KeyOf(st.Key, visitor), by)
	if err != nil {
		return nil, err
	}
	if !held.Exists && !held.Erased && held.Person == nil {
		return nil, persistence.ErrNotFound
	}
	if language == "" {
		language = held.Locale
	}
	return access.New(access.Sources{
		Site: st, Visitor: visitor, AsOf: time.Now(), Language: language,
		Values: held.Values(), GivenAt: held.At, RestrictedAt: held.Restricted,
		Ledger: held.Ledger, Person: held.Person, Events: held.Events, Complete: held.Complete,
	}), nil
}

// Receipt returns a signed receipt of a visitor's consent events, a compact JWS.
// A visitor who was asked nothing is receipt.ErrNothing.
func (r *Reader) Receipt(ctx context.Context, siteKey, visitor string, by persistence.Access) (string, error) {
	st, err := r.site(siteKey)
	if err != nil {
		return "", err
	}
	ledger, err := r.chat.Ledger(ctx, st, chat.KeyOf(siteKey, visitor), by)
	if err != nil {
		return "", err
	}
	rc, err := receipt.Build(receipt.Order{Site: st, Ledger: ledger, ID: rand.Text(), Now: time.Now()})
	if err != nil {
		return "", err
	}
	return r.signer.Receipt(rc)
}

// Proof returns the signed proof of a visitor's ledger, a compact JWS. Without a
// ledger it is persistence.ErrNotFound; one that does not hold together is not
// signed.
func (r *Reader) Proof(ctx context.Context, siteKey, visitor string, by persistence.Access) (string, error) {
	if _, err := r.site(siteKey); err != nil {
		return "", err
	}
	proof, err := r.Contacts.Proof(ctx, siteKey, visitor, by)
	if err != nil {
		return "", err
	}
	return r.signer.Proof(&proof)
}

// PublicKeys returns the JWKS that the key file of a data folder publishes.
func PublicKeys(dataDir string) ([]byte, error) {
	keys, err := seal.Load(filepath.Join(dataDir, KeyFile))
	if err != nil {
		return nil, err
	}
	signer, err := signerOf(keys)
	if err != nil {
		return nil, err
	}
	return signer.JWKS(), nil
}
