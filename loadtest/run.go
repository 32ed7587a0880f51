package loadtest

import (
	"context"
	"slices"
	"sync"
	"time"

	"zgoda/loadtest/cluster"
	"zgoda/loadtest/contacts"
	"zgoda/loadtest/measure"
	"zgoda/loadtest/report"
	"zgoda/loadtest/scenario"
	"zgoda/loadtest/verdict"
	"zgoda/loadtest/visitor"
)

const (
	// startDelay lets every process get ready.
	startDelay = 700 * time.Millisecond
	// maxKept bounds the violations that a report shows.
	maxKept = 500
	// wellTimeout is how long a cluster may take to be well again after the last
	// fault.
	wellTimeout = 60 * time.Second
)

// A run is one run under way.
type run struct {
	opts    Options
	s       *prepared
	cluster *cluster.Cluster // nil: the target is somebody's
	series  *measure.Series
	start   time.Time

	mu       sync.Mutex // guards the fields below
	verdict  report.Verdict
	expected []verdict.Expectation
	marks    []report.Mark
	notes    []string
	read     map[int]progress
	phase    string
}

// Run runs a scenario. The first end of ctx ends the visits and goes on to the
// verdict about what ran; stop ends everything. An error matches ErrCannotRun:
// what could be judged is in the Report.
func Run(ctx, stop context.Context, o Options) (*report.Report, error) {
	s, err := o.prepare()
	if err != nil {
		return nil, err
	}
	r := &run{
		opts: o, s: s, series: measure.NewSeries(o.Processes), read: map[int]progress{}, phase: "starting",
		verdict: report.Verdict{Checks: verdict.Checks{}},
	}
	urls := o.URLs
	if o.own() {
		if r.cluster, err = cluster.Start(stop, cluster.Options{
			Gateways: o.Cluster, Single: o.Single, Binary: o.Binary, Sites: o.Sites, Mutant: o.Mutant, Proxied: proxied(s.Faults),
		}); err != nil {
			return nil, cannot("start the cluster: %w", err)
		}
		defer r.cluster.Stop()
		urls, r.opts.Store, r.opts.Alone = r.cluster.URLs(), r.cluster.Store(), true
	}
	j, err := r.ready(ctx, urls)
	if err != nil {
		return nil, err
	}
	if j.Operators, err = r.operators(stop); err != nil {
		return nil, err
	}
	err = r.carryOut(ctx, stop, j)
	return r.report(urls, ctx.Err() != nil), err
}

// proxied says whether some fault needs a proxy in front of what it hurts.
func proxied(faults []scenario.Fault) bool {
	return slices.ContainsFunc(faults, func(f scenario.Fault) bool { return f.Do == scenario.DoPartition || f.Do == scenario.DoSlow })
}

// ready checks target, store and limits and returns the job of the first part.
func (r *run) ready(ctx context.Context, urls []string) (job, error) {
	o, s := &r.opts, r.s
	b, err := visitor.NewBalancer(urls, loopbackSources(o.Sources))
	if err != nil {
		return job{}, cannot("%w", err)
	}
	if !b.Loopback() {
		if !o.OwnTarget {
			return job{}, cannot("%v is not on this machine: load that its owner does not expect is an attack. If it is yours, say so with --i-own-this-target", urls)
		}
		if o.Sources > 1 {
			return job{}, cannot("--sources are addresses of the loopback network; they do not reach %v", urls)
		}
	}
	if err := checkRoom(s.Scenario, o.Processes, o.Sources, len(urls)); err != nil {
		return job{}, err
	}
	if o.Origin == "" {
		o.Origin = b.Base()
	}
	flow, err := reach(ctx, b, s.Scenario, o.Origin)
	if err != nil {
		return job{}, err
	}
	if (o.Store != contacts.Store{}) {
		if err := o.Store.Check(ctx, s.Site); err != nil {
			return job{}, cannot("the contact store cannot be read: %w", err)
		}
	}
	return job{
		File: o.File, Source: s.source, Site: s.Site, Locale: s.Locale, Seed: s.Seed, URLs: urls,
		Sources: o.Sources, Origin: o.Origin, Flow: flow, Of: o.Processes,
	}, nil
}

// carryOut plays, hurts, reads again and compares.
func (r *run) carryOut(ctx, stop context.Context, j job) error {
	r.start = time.Now().Add(startDelay)
	r.setPhase("visitors")
	j.Start = r.start
	playing, kill := context.WithCancel(stop)
	defer kill()
	players, err := r.startPlayers(playing, j)
	if err != nil {
		return err
	}
	defer players.drain()
	defer kill()
	watching, unwatch := context.WithCancel(stop)
	var background sync.WaitGroup
	defer background.Wait()
	defer unwatch()
	background.Go(func() { r.watch(watching) })
	defer context.AfterFunc(ctx, func() { players.tell(wordEnd) })()

	hurting, heal := context.WithCancel(ctx)
	var hurt sync.WaitGroup
	if r.cluster != nil {
		hurt.Go(func() { r.cluster.Hurt(hurting, r.start, r.s.Length(), r.s.Faults, r.mark) })
	}
	err = players.left(stop)
	heal()
	hurt.Wait()
	if err != nil {
		return err
	}
	if r.cluster != nil {
		r.setPhase("waiting for the cluster to be well")
		if err := r.cluster.Well(stop, wellTimeout); err != nil {
			return cannot("the cluster is not well again after its faults: %w", err)
		}
	}
	r.setPhase("reading every log again")
	players.tell(wordAudit)
	if err := players.ended(stop); err != nil {
		return err
	}
	return r.compare(stop)
}
