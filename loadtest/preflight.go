package loadtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"zgoda/gateway/client"
	"zgoda/gateway/protocol"
	"zgoda/loadtest/scenario"
	"zgoda/loadtest/visitor"
)

const preflightTimeout = 10 * time.Second

// filesBeside is what a process has open beside its sockets.
const filesBeside = 200

// maxPerProcess is the largest number of sockets that one process holds well.
const maxPerProcess = 15_000

// perSourcePorts is how many connections fit between one source address and one
// gateway, with the usual range of ports.
const perSourcePorts = 28_000

// sockets estimates how many sockets are open at the most, in all processes.
func sockets(s *scenario.Scenario) int {
	// Little's law: those who are inside are the rate times the length of a stay.
	const characters = 25
	act := s.Visitors.Think.Average() + characters*s.Visitors.Typing.Average()
	return s.Idle.Sockets + int(s.PeakRate()*act.Seconds()*averageActs(s)) + 1
}

// acts is about how often a visitor of each kind thinks, with a socket open.
var acts = map[scenario.Kind]float64{
	scenario.Agrees: 5, scenario.Declines: 3, scenario.WrongAnswers: 6, scenario.Abandons: 2, scenario.Reloads: 10,
	scenario.SecondTab: 6, scenario.Withdraws: 6, scenario.AsksPerson: 1, scenario.ReadsSlowly: 4, scenario.SendsGarbage: 4, scenario.Questions: 1.2,
}

func averageActs(s *scenario.Scenario) float64 {
	sum, weights := 0.0, 0.0
	for kind, weight := range s.Visitors.Mix {
		sum, weights = sum+acts[kind]*float64(weight), weights+float64(weight)
	}
	return sum / max(weights, 1)
}

// checkRoom reports too few file handles or ports before anything is opened.
func checkRoom(s *scenario.Scenario, processes, sources, gateways int) error {
	total := sockets(s)
	each := (total + processes - 1) / processes
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return cannot("ask for the limit of open files: %w", err)
	}
	room := int(min(limit.Cur, 1<<30)) - filesBeside
	if each > room {
		return cannot("the scenario needs about %d sockets in each process, and %d files may be open: raise the limit (ulimit -n %d) or use --processes %d",
			each, limit.Cur, each+filesBeside, (total+max(room, 1)-1)/max(room, 1))
	}
	if each > maxPerProcess {
		return cannot("the scenario needs about %d sockets in each process; one holds %d well: use --processes %d", each, maxPerProcess, (total+maxPerProcess-1)/maxPerProcess)
	}
	if total > perSourcePorts*sources*gateways {
		return cannot("about %d sockets need more than %d source addresses for %d gateways: use --sources %d", total, sources, gateways, total/perSourcePorts/gateways+1)
	}
	return nil
}

// A greeting is what the target says of a site before anybody acts.
type greeting struct {
	Flow     string           `json:"flow"`
	Locales  []string         `json:"locales"`
	Greeting []protocol.Event `json:"greeting"`
}

// reach checks that the target is there, knows the site, takes a socket, and can
// ask its store; it returns the flow whose greeting visitors see.
func reach(ctx context.Context, b *visitor.Balancer, s *scenario.Scenario, origin string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, preflightTimeout)
	defer cancel()
	g, err := greet(ctx, b, s, origin)
	if err != nil {
		return "", err
	}
	if want := s.Visitors.Enter; want != "" && s.Expected() > 0 && !offers(g, want) {
		return "", cannot("visitors press %q (visitors.enter), but the greeting of site %s has no such option; name one of %v, or remove the setting to ask for the card directly",
			want, s.Site, options(g))
	}
	// A page that never says anything leaves nothing behind.
	c, err := client.Dial(ctx, client.Options{URL: b.URL(), Site: s.Site, Locale: s.Locale, Origin: origin, Dial: b.Dial})
	if err != nil {
		return "", cannot("%s answers, but a socket could not be opened: %w; is it a gateway of Zgoda, and does the site allow the origin %s? (--origin sets another)", b.Base(), err, origin)
	}
	c.Close()
	return g.Flow, nil
}

func greet(ctx context.Context, b *visitor.Balancer, s *scenario.Scenario, origin string) (*greeting, error) {
	address := b.Base() + "/v1/sites/" + url.PathEscape(s.Site) + "/widget?locale=" + url.QueryEscape(s.Locale)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, cannot("%w", err)
	}
	req.Header.Set("Origin", origin)
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return nil, cannot("the target does not answer: %w; is the gateway running, and is the address right?", err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return nil, cannot("the target stops in the middle of its answer: %w", err)
	}
	switch res.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return nil, cannot("%s has no site %q; name another with --site", b.Base(), s.Site)
	case http.StatusForbidden:
		return nil, cannot("site %s does not allow the origin %s; name one of its pages with --origin", s.Site, origin)
	default:
		return nil, cannot("%s answers with status %d: it is not well: %.200s", b.Base(), res.StatusCode, body)
	}
	g := &greeting{}
	if err := json.Unmarshal(body, g); err != nil || g.Flow == "" {
		return nil, cannot("what answers at %s is no gateway of Zgoda: %s is not what one says", b.Base(), shown(body))
	}
	return g, nil
}

func shown(body []byte) string {
	const most = 60
	if len(body) > most {
		body = body[:most]
	}
	return fmt.Sprintf("%q", body)
}

func offers(g *greeting, option string) bool {
	for _, o := range options(g) {
		if o == option {
			return true
		}
	}
	return false
}

func options(g *greeting) []string {
	var ids []string
	for _, e := range g.Greeting {
		for _, o := range e.Options {
			ids = append(ids, o.ID)
		}
	}
	return ids
}
