package telemetry

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/otlptranslator"
	"go.yaml.in/yaml/v4"
)

// What is made for those who operate gateways, in configs.
const (
	prometheusDir = "../../configs/prometheus"
	dashboardsDir = "../../configs/grafana/dashboards"
)

// A promRule records something or alerts.
type promRule struct {
	Record, Alert, Expr string
	Labels, Annotations map[string]string
}

// where names a rule in an error.
func (r *promRule) where() string { return r.Record + r.Alert }

func rulesOf(t *testing.T, file string) (all []promRule) {
	t.Helper()
	var content struct {
		Groups []struct{ Rules []promRule }
	}
	readYAML(t, filepath.Join(prometheusDir, file), &content)
	for _, g := range content.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) == 0 {
		t.Fatalf("%s has no rules", file)
	}
	return all
}

func readYAML(t *testing.T, file string, into any) {
	t.Helper()
	if err := yaml.Unmarshal(read(t, file), into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// scrape is what Prometheus gets from a gateway where everything has happened once.
func scrape(t *testing.T) string {
	t.Helper()
	p, err := New(t.Context(), Options{Prometheus: true, Sites: []string{"shop"}, Node: "n"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Shutdown(t.Context()) })
	if err := everything(p); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	p.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

// emitted is every metric that Prometheus can have of a gateway with its labels, those
// that a scrape adds among them.
func emitted(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{"up": {"job", "instance"}}
	label := regexp.MustCompile(`([a-zA-Z_]\w*)="(?:[^"\\]|\\.)*"`)
	for line := range strings.Lines(scrape(t)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		of, _, _ := strings.Cut(strings.Fields(line)[0], "{")
		if all[of] == nil {
			all[of] = []string{"job", "instance"}
		}
		for _, m := range label.FindAllStringSubmatch(line, -1) {
			if !slices.Contains(all[of], m[1]) {
				all[of] = append(all[of], m[1])
			}
		}
	}
	return all
}

// Prometheus has the metrics of the table under the names that the page promises.
func TestPrometheusNames(t *testing.T) {
	t.Parallel()
	found := emitted(t)
	types := map[Kind]otlptranslator.MetricType{
		Counter: otlptranslator.MetricTypeMonotonicCounter, Level: otlptranslator.MetricTypeNonMonotonicCounter,
		Gauge: otlptranslator.MetricTypeGauge, Histogram: otlptranslator.MetricTypeHistogram,
	}
	namer := otlptranslator.NewMetricNamer("", otlptranslator.UnderscoreEscapingWithSuffixes)
	ours := map[string]bool{}
	for _, m := range Metrics {
		base, err := namer.Build(otlptranslator.Metric{Name: m.Name, Unit: m.Unit, Type: types[m.Kind]})
		if err != nil {
			t.Fatal(err)
		}
		names := []string{base}
		if m.Kind == Histogram {
			names = []string{base + "_bucket", base + "_sum", base + "_count"}
		}
		for _, n := range names {
			ours[n] = true
			for _, key := range m.Labels {
				if want := strings.ReplaceAll(string(key), ".", "_"); !slices.Contains(found[n], want) {
					t.Errorf("%s has the labels %v, not %s", n, found[n], want)
				}
			}
		}
	}
	for n := range found {
		if strings.HasPrefix(n, "zgoda_") && !ours[n] {
			t.Errorf("%s is not in the table", n)
		}
	}
}

// words are the texts in double quotes of the gateway's sources.
func words(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, dir := range []string{"../../gateway", "../../persistence", "../../botengine"} {
		err := filepath.WalkDir(dir, func(file string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
				return err
			}
			all.Write(read(t, file))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// A checker knows what gateways emit and rules record.
type checker struct {
	fail    func(format string, args ...any)
	known   map[string][]string
	sources string
}

func newChecker(t *testing.T) *checker {
	t.Helper()
	c := &checker{fail: t.Errorf, known: emitted(t), sources: words(t)}
	for _, r := range rulesOf(t, "rules.yaml") {
		q, err := readQuery(r.Expr)
		if err != nil {
			t.Fatal(err)
		}
		c.known[r.Record] = q.kept
		for _, s := range q.selectors {
			if strings.Contains(s.metric, ":") {
				// What a rule makes of another rule has the labels of that.
				c.known[r.Record] = append(c.known[r.Record], c.known[s.metric]...)
			}
		}
	}
	return c
}

// check fails where an expression, or a text about its result, names what there is not.
func (c *checker) check(where, expr string, about ...string) {
	q, err := readQuery(expr)
	if err != nil {
		c.fail("%s: %v", where, err)
		return
	}
	if len(q.selectors) == 0 {
		c.fail("%s asks for no metric: %s", where, expr)
	}
	var labels []string
	for _, s := range q.selectors {
		has, ok := c.known[s.metric]
		if !ok {
			c.fail("%s: no gateway emits %s and no rule records it", where, s.metric)
			continue
		}
		labels = append(labels, has...)
		for _, l := range s.labels {
			if !slices.Contains(has, l) {
				c.fail("%s: %s has no label %s; it has %v", where, s.metric, l, has)
			}
		}
		for _, w := range s.words {
			if !strings.Contains(c.sources, `"`+w+`"`) {
				c.fail("%s: %s compares with %q, which no gateway says", where, s.metric, w)
			}
		}
	}
	for _, l := range q.grouped {
		if !slices.Contains(labels, l) {
			c.fail("%s: none of its metrics has the label %s", where, l)
		}
	}
	if len(q.kept) > 0 {
		labels = q.kept
	}
	named := regexp.MustCompile(`\$labels\.(\w+)|{{\s*(\w+)\s*}}`)
	for _, text := range about {
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			if l := m[1] + m[2]; !slices.Contains(labels, l) {
				c.fail("%s: the result has no label %s, which %q names", where, l, text)
			}
		}
	}
}

func TestRulesNameWhatThereIs(t *testing.T) {
	t.Parallel()
	c := newChecker(t)
	for _, r := range slices.Concat(rulesOf(t, "rules.yaml"), rulesOf(t, "alerts.yaml")) {
		c.check(r.where(), r.Expr, r.Annotations["summary"], r.Annotations["description"])
	}
}

// TestCheckerFindsWhatThereIsNot: the checks above are not blind.
func TestCheckerFindsWhatThereIsNot(t *testing.T) {
	t.Parallel()
	c := newChecker(t)
	for _, wrong := range []string{
		`zgoda_gateway_turns`, `rate(zgoda_gateway_turns_total{zgoda_audience="visitor"}[5m])`, `sum by (zgoda_reason) (zgoda_outbox_records)`,
		`up * on (job) group_left (zgoda_site) zgoda_outbox_records`, `zgoda_gateway_turns_total{zgoda_outcome=~"unavailable|unavaliable"}`, `1 + 1`,
		`job:zgoda_turns:rate5m{instance="a"}`, `sum by (job) (rate(zgoda_gateway_turns_total[5m])) > 1 and zgoda_outbox_length`,
	} {
		found := 0
		c.fail = func(string, ...any) { found++ }
		if c.check("wrong", wrong); found == 0 {
			t.Errorf("%s was let pass", wrong)
		}
	}
}

// A panel is one of a dashboard, or a row that holds others.
type panel struct {
	Title, Description, Type string
	Targets                  []struct{ Expr, LegendFormat string }
	Panels                   []panel
}

type dashboard struct {
	UID        string
	Panels     []panel
	Templating struct {
		List []struct{ Name, Type, Definition string }
	}
	Annotations struct {
		List []struct{ Expr, TitleFormat string }
	}
}

// dashboards reads all of them, by file.
func dashboards(t *testing.T) map[string]dashboard {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dashboardsDir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no dashboards: %v", err)
	}
	all := map[string]dashboard{}
	for _, f := range files {
		var d dashboard
		if err := json.Unmarshal(read(t, f), &d); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		all[filepath.Base(f)] = d
	}
	return all
}

// expressions calls do with each expression of a dashboard, as Grafana would ask it
// with variables left as they are in quotes.
func (d *dashboard) expressions(do func(where, expr string, about ...string)) {
	interval := strings.NewReplacer("$__rate_interval", "5m", "$__interval", "1m")
	panels := slices.Clone(d.Panels)
	for i := 0; i < len(panels); i++ {
		panels = append(panels, panels[i].Panels...)
		for _, x := range panels[i].Targets {
			do(panels[i].Title, interval.Replace(x.Expr), x.LegendFormat)
		}
	}
	for _, a := range d.Annotations.List {
		do("annotations", a.Expr, a.TitleFormat)
	}
}

func TestDashboardsNameWhatThereIs(t *testing.T) {
	t.Parallel()
	c := newChecker(t)
	shown := map[string]bool{}
	for file, d := range dashboards(t) {
		d.expressions(func(where, expr string, about ...string) {
			c.check(file+", "+where, expr, about...)
			q, _ := readQuery(expr) // check has told
			for _, s := range q.selectors {
				shown[s.metric] = true
			}
		})
		variable := regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)
		for _, v := range d.Templating.List {
			if m := variable.FindStringSubmatch(v.Definition); m != nil {
				c.check(file+", variable "+v.Name, m[1], "{{"+m[2]+"}}")
			} else if v.Type == "query" {
				t.Errorf("%s: the variable %s asks for %q", file, v.Name, v.Definition)
			}
		}
		for _, p := range d.Panels {
			if p.Type != "row" && p.Description == "" {
				t.Errorf("%s: %q does not say what it shows", file, p.Title)
			}
		}
	}
	recorded := func(metric string) bool { return shown[metric] || shown["job:"+metric+":p99_rate5m"] }
	for metric := range c.known {
		base, rest, _ := strings.Cut(metric, "_seconds_")
		if strings.HasPrefix(metric, "zgoda_") && !recorded(metric) && !(rest != "" && recorded(base+"_seconds_bucket")) {
			t.Errorf("%s is on no dashboard", metric)
		}
	}
}

// promtool runs Prometheus's own tool; without it the test is skipped, loudly.
func promtool(t *testing.T, stdin string, args ...string) {
	t.Helper()
	program, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("LOUD: promtool is not installed (Debian package prometheus; make needs installs it)")
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	// What it finds wrong with metrics' names it may say without failing.
	if err := cmd.Run(); err != nil || args[1] == "metrics" && out.Len() > 0 {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out.String())
	}
}

func TestPromtoolTakesTheMetrics(t *testing.T) {
	t.Parallel()
	promtool(t, scrape(t), "check", "metrics")
}

func TestPromtoolTakesTheConfiguration(t *testing.T) {
	t.Parallel()
	promtool(t, "", "check", "config", "--lint=all", "--lint-fatal", filepath.Join(prometheusDir, "prometheus.yaml"))
}

func TestPromtoolRunsTheRulesTests(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(prometheusDir, "tests", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			t.Parallel()
			promtool(t, "", "test", "rules", f)
		})
	}
}

// TestPromtoolReadsTheDashboards: each expression of a panel is one.
func TestPromtoolReadsTheDashboards(t *testing.T) {
	t.Parallel()
	type record struct {
		Record string `yaml:"record"`
		Expr   string `yaml:"expr"`
	}
	var rules []record
	for _, d := range dashboards(t) {
		d.expressions(func(_, expr string, _ ...string) {
			rules = append(rules, record{"panel:" + strings.Repeat("x", len(rules)+1), expr})
		})
	}
	raw, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "panels", "rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "panels.yaml")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "", "check", "rules", file)
}
