package loadtest

import (
	"errors"
	"fmt"
	"os"
	"time"

	"zgoda/loadtest/contacts"
	"zgoda/loadtest/report"
	"zgoda/loadtest/scenario"
)

// Options say what to run against what.
type Options struct {
	// File is the scenario's path.
	File string
	// URLs are the gateways; empty with Cluster.
	URLs []string
	// Cluster is how many gateways of its own the tool starts; 0 is none.
	Cluster int
	// Single starts one gateway on a data file instead, without servers.
	Single bool
	// Binary is the gateway program for Cluster and Single, Sites its site files.
	Binary string
	Sites  string
	// Faults are done to the cluster in place of the scenario's; NoFaults does
	// none.
	Faults   string
	NoFaults bool
	// OwnTarget says that a target that is not on this machine is the caller's.
	OwnTarget bool

	// Site, Locale and Seed replace the scenario's where they are set.
	Site   string
	Locale string
	Seed   *uint64
	Origin string
	// Processes play the visitors; default 1. Sources is how many loopback
	// addresses connections come from; default 1, and with Cluster 1.
	Processes int
	Sources   int
	// Store is compared with what visitors did; none where it is zero. Alone says
	// that nobody else uses the site meanwhile.
	Store contacts.Store
	Alone bool
	// Settle is how long rows may take to reach the contact store; default 30 s.
	Settle time.Duration
	// Operators is a file of accounts, a login and a password on a line, for the
	// scenario's operators; with Cluster and Single they are made.
	Operators string
	// Expect are targets beside the scenario's.
	Expect []string

	// Watch is told how the run goes, once a second; nil is nobody.
	Watch func(report.Status)
	// Mutant is set in the gateways' environment as ZGODA_MUTANT. For proofs that
	// the verdict can fail; only a binary that was built with that tag knows it.
	Mutant string
}

// ErrCannotRun is what errors match that kept a run from being judged.
var ErrCannotRun = errors.New("could not run")

func cannot(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrCannotRun, fmt.Errorf(format, args...))
}

// prepared is a scenario with the options applied to it.
type prepared struct {
	*scenario.Scenario
	source []byte
}

// prepare reads the scenario and applies the options.
func (o *Options) prepare() (*prepared, error) {
	src, err := os.ReadFile(o.File)
	if err != nil {
		return nil, cannot("read scenario: %w", err)
	}
	s, err := scenario.Parse(o.File, src)
	if err != nil {
		return nil, cannot("the scenario is not right:\n%w", err)
	}
	if o.Site != "" {
		s.Site = o.Site
	}
	if o.Locale != "" {
		s.Locale = o.Locale
	}
	if o.Seed != nil {
		s.Seed = *o.Seed
	}
	for _, e := range o.Expect {
		t, err := scenario.ParseTarget(e)
		if err != nil {
			return nil, cannot("--expect: %w", err)
		}
		s.Expect = append(s.Expect, t)
	}
	if o.Faults != "" {
		if s.Faults, err = scenario.LoadFaults(o.Faults); err != nil {
			return nil, cannot("the faults are not right:\n%w", err)
		}
	}
	if o.NoFaults {
		s.Faults = nil
	}
	return &prepared{s, src}, o.check(s)
}

func (o *Options) check(s *scenario.Scenario) error {
	if o.Processes <= 0 {
		o.Processes = 1
	}
	if o.Sources <= 0 {
		o.Sources = 1
	}
	if o.Settle <= 0 {
		o.Settle = 30 * time.Second
	}
	switch {
	case !o.own() && len(o.URLs) == 0:
		return cannot("name the gateways with --url, or start some with --cluster 3 or --single")
	case o.own() && len(o.URLs) > 0:
		return cannot("--url and --cluster or --single are both given; the tool either starts gateways or uses yours")
	case o.Cluster > 0 && o.Single:
		return cannot("--cluster and --single are both given; choose one")
	case o.Cluster < 0 || o.Cluster > 100:
		return cannot("--cluster is %d; it can be 1 to 100", o.Cluster)
	case o.own() && o.Store != contacts.Store{}:
		return cannot("the tool's own cluster has a contact store of its own; leave --postgres and --sqlite out")
	case o.Store.Postgres != "" && o.Store.SQLite != "":
		return cannot("--postgres and --sqlite are both given; a deployment has one contact store")
	case !o.own() && s.Operators.Count > 0 && o.Operators == "":
		return cannot("the scenario has %d operators: name their accounts with --operators FILE, a login and a password on each line", s.Operators.Count)
	case o.own() && o.Operators != "":
		return cannot("the tool makes the accounts of its own cluster's operators; leave --operators out")
	case len(s.Faults) > 0 && !o.own():
		return cannot("the scenario hurts a cluster of its own: add --cluster 3, or --no-faults to run it against yours as it is")
	}
	return nil
}

// own says whether the tool starts what it loads.
func (o *Options) own() bool { return o.Cluster > 0 || o.Single }
