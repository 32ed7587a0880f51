package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"go.yaml.in/yaml/v4"

	"zgoda/gateway"
	"zgoda/gateway/httpapi"
	"zgoda/gateway/site"
)

// config is the configuration file. Later sources win: defaults, file,
// environment (ZGODA_…), flags.
type config struct {
	Listen    string          `yaml:"listen" env:"LISTEN"`
	Data      string          `yaml:"data" env:"DATA"`
	Sites     string          `yaml:"sites" env:"SITES"`
	Log       string          `yaml:"log" env:"LOG"` // text or json
	Processor processorConfig `yaml:"processor" envPrefix:"PROCESSOR_"`

	// Several machines: see configs/zgoda.yaml.
	Redis         string `yaml:"redis" env:"REDIS"`
	RedisReplicas int    `yaml:"redis_replicas" env:"REDIS_REPLICAS"`
	Postgres      string `yaml:"postgres" env:"POSTGRES"`
	PostgresPurge string `yaml:"postgres_retention" env:"POSTGRES_RETENTION"`
	Node          string `yaml:"node" env:"NODE"`
	// Metrics is where Prometheus may ask.
	Metrics      string `yaml:"metrics" env:"METRICS"`
	TrustedHops  int    `yaml:"trusted_hops" env:"TRUSTED_HOPS"`
	DrainDelayMS int64  `yaml:"drain_delay_ms" env:"DRAIN_DELAY_MS"`
	DrainTimeMS  int64  `yaml:"drain_time_ms" env:"DRAIN_TIME_MS"`
	// OperatorLeaseMS is how long an operator counts as there after the last beat.
	OperatorLeaseMS int64        `yaml:"operator_lease_ms" env:"OPERATOR_LEASE_MS"`
	Limits          limitsConfig `yaml:"limits" envPrefix:"LIMITS_"`
}

type limitsConfig struct {
	Sockets                int `yaml:"sockets" env:"SOCKETS"`
	SocketsPerAddress      int `yaml:"sockets_per_address" env:"SOCKETS_PER_ADDRESS"`
	PerSecond              int `yaml:"per_second" env:"PER_SECOND"`
	PerSecondPerAddress    int `yaml:"per_second_per_address" env:"PER_SECOND_PER_ADDRESS"`
	ConversationsPerMinute int `yaml:"conversations_per_minute" env:"CONVERSATIONS_PER_MINUTE"`
	FramesPerSecond        int `yaml:"frames_per_second" env:"FRAMES_PER_SECOND"`
}

type processorConfig struct {
	Name    string `yaml:"name" env:"NAME"`
	Address string `yaml:"address" env:"ADDRESS"`
	Contact string `yaml:"contact" env:"CONTACT"`
}

const envPrefix = "ZGODA_"

const defaultConfig = "configs/zgoda.yaml"

// load reads the configuration. Relative paths in the file are relative to where
// the command runs, like those in flags.
func (f *rootFlags) load() (config, error) {
	c := config{Listen: "127.0.0.1:8080", Data: "data", Sites: filepath.Join("configs", "sites"), Log: "text"}
	path := f.config
	if path == "" {
		path = defaultConfig
	}
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && f.config == "":
	case err != nil:
		return c, fmt.Errorf("read configuration: %w", err)
	default:
		if err := parseConfig(raw, &c); err != nil {
			return c, fmt.Errorf("%s: %w", path, err)
		}
	}
	if err := env.ParseWithOptions(&c, env.Options{Prefix: envPrefix}); err != nil {
		return c, fmt.Errorf("environment: %w", err)
	}
	if f.data != "" {
		c.Data = f.data
	}
	if f.sites != "" {
		c.Sites = f.sites
	}
	return c, c.check()
}

// maxDrainMS bounds the drain: longer than any balancer's delay and any deploy's
// patience.
const maxDrainMS = 10 * 60 * 1000

func (c config) check() error {
	switch {
	case c.Log != "text" && c.Log != "json":
		return fmt.Errorf("log is %q; it can be text or json", c.Log)
	case c.TrustedHops < 0 || c.TrustedHops > 10:
		return fmt.Errorf("trusted_hops is %d; it is the number of proxies in front, 0 to 10", c.TrustedHops)
	case c.DrainDelayMS < 0 || c.DrainDelayMS > maxDrainMS:
		return fmt.Errorf("drain_delay_ms is %d; it can be 0 to %d", c.DrainDelayMS, maxDrainMS)
	case c.OperatorLeaseMS != 0 && (c.OperatorLeaseMS < 10_000 || c.OperatorLeaseMS > 600_000):
		return fmt.Errorf("operator_lease_ms is %d; it can be 10000 to 600000", c.OperatorLeaseMS)
	case c.DrainTimeMS < 0 || c.DrainTimeMS > maxDrainMS:
		return fmt.Errorf("drain_time_ms is %d; it can be 0 to %d", c.DrainTimeMS, maxDrainMS)
	}
	return nil
}

func parseConfig(raw []byte, c *config) error {
	err := yaml.Load(raw, c, yaml.WithKnownFields())
	var all *yaml.LoadErrors
	if !errors.As(err, &all) {
		return err
	}
	var joined []error
	for _, e := range all.Errors {
		// The library names the Go type, which says nothing to a reader.
		message, _, _ := strings.Cut(e.Message, " in type ")
		message = strings.Replace(message, "field ", "there is no setting ", 1)
		message = strings.TrimSuffix(message, " not found")
		joined = append(joined, fmt.Errorf("line %d, column %d: %s", e.Mark.Line, e.Mark.Column, message))
	}
	return errors.Join(joined...)
}

// hasSite reports a key that no site file has, so that a mistyped one does not
// look like a site where nobody agreed. Where the files cannot be read, the
// store alone decides.
func (c config) hasSite(key string) error {
	o := c.options()
	sites, err := site.LoadDir(o.SitesDir, site.Options{Processor: o.Processor, Env: o.Env})
	if err != nil {
		return nil
	}
	if _, ok := sites.Get(key); !ok {
		return fmt.Errorf("no site %q; there are %s", key, strings.Join(sites.Keys(), ", "))
	}
	return nil
}

// unknownEnvironment lists variables that look like ours and are not: a misspelt
// one would be ignored silently.
func unknownEnvironment(environ []string) []string {
	known := map[string]bool{}
	params, err := env.GetFieldParamsWithOptions(&config{}, env.Options{Prefix: envPrefix})
	if err != nil {
		return nil
	}
	for _, p := range params {
		known[p.Key] = true
	}
	var unknown []string
	for _, line := range environ {
		name, _, _ := strings.Cut(line, "=")
		if strings.HasPrefix(name, envPrefix) && !known[name] && !strings.HasPrefix(name, envPrefix+"PORT") {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

// logger writes to standard error: standard output belongs to what a command
// was asked for.
func (c config) logger() *slog.Logger {
	if c.Log == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, nil))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, nil))
}

func (c config) options() gateway.Options {
	return gateway.Options{
		Listen: c.Listen, DataDir: c.Data, SitesDir: c.Sites, Log: c.logger(), Env: os.Getenv,
		Processor: site.Party{Name: c.Processor.Name, Address: c.Processor.Address, Contact: c.Processor.Contact},
		Redis:     c.Redis, RedisReplicas: c.RedisReplicas, Postgres: c.Postgres, PostgresRetention: c.PostgresPurge, Node: c.Node,
		Metrics: c.Metrics, OperatorLease: time.Duration(c.OperatorLeaseMS) * time.Millisecond,
		DrainDelay: time.Duration(c.DrainDelayMS) * time.Millisecond,
		DrainTime:  time.Duration(c.DrainTimeMS) * time.Millisecond,
		Limits: httpapi.Limits{
			Sockets: c.Limits.Sockets, SocketsPerAddress: c.Limits.SocketsPerAddress, PerSecond: c.Limits.PerSecond,
			PerSecondPerAddress: c.Limits.PerSecondPerAddress, ConversationsPerMinute: c.Limits.ConversationsPerMinute,
			FramesPerSecond: c.Limits.FramesPerSecond,
			TrustedHops:     c.TrustedHops,
		},
	}
}
