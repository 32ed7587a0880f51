package gateway

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"zgoda/persistence"
	"zgoda/persistence/pgstore"
	"zgoda/persistence/redisstore"
	"zgoda/persistence/sqlitestore"
)

// Clocks of servers may differ by this much. Expiry and opening hours go by the
// gateway's clock, the order of consents by no clock.
const (
	clockOff   = time.Second
	clockWrong = 30 * time.Second
	slowAnswer = 20 * time.Millisecond
)

func (d *diagnosis) clock(check string, ahead, trip time.Duration) {
	off := max(ahead, -ahead)
	const fix = "let both machines follow the same time servers (chrony, systemd-timesyncd)"
	switch {
	case off > clockWrong:
		d.add(check, GradeFailed, fix, "it differs from this machine's by %v: consents would be recorded at a wrong time", off.Round(time.Second))
	case off > max(clockOff, trip):
		d.add(check, GradeWarning, fix, "it differs from this machine's by %v", off.Round(time.Millisecond))
	default:
		d.ok(check, "within %v of this machine's", max(off, trip).Round(time.Millisecond)+time.Millisecond)
	}
}

// checkFile reads the data file of a gateway without servers.
func (d *diagnosis) checkFile(ctx context.Context) {
	if d.o.Redis != "" {
		return
	}
	path := filepath.Join(d.o.DataDir, StoreFile)
	if d.o.Postgres != "" {
		d.add("stores", GradeFailed, "set redis too, or take postgres away: one machine keeps everything in its data file", "postgres is set without redis")
		return
	}
	var check []byte
	if d.keys != nil {
		check = d.keys.Check()
	}
	switch err := sqlitestore.Examine(ctx, path, check); {
	case errors.Is(err, fs.ErrNotExist):
		d.ok("data file", "%s is not there yet: the first start makes it", path)
	case errors.Is(err, persistence.ErrWrongKey):
		d.add("data file", GradeFailed, "put back the keys.json that belongs to this file", "%s was written with other keys", path)
	case err != nil:
		d.add("data file", GradeFailed, "stop the gateway, keep a copy of the folder, and restore the newest backup that this check accepts", "%s: %v", path, err)
	default:
		d.ok("data file", "%s is whole", path)
	}
}

func (d *diagnosis) checkRedis(ctx context.Context) {
	if d.o.Redis == "" {
		return
	}
	o, err := redisOptions(d.o.Redis)
	if err != nil {
		d.add("redis", GradeFailed, "correct redis in the configuration", "%v", err)
		return
	}
	o.Replicas = d.o.RedisReplicas
	if d.keys != nil {
		o.CheckValue = d.keys.Check()
	}
	h, err := redisstore.Examine(ctx, o)
	if errors.Is(err, persistence.ErrWrongKey) {
		d.add("redis: keys", GradeFailed, "give every gateway the same keys.json, or use another Redis", "what is there was written with other keys")
	} else if err != nil {
		d.add("redis", GradeFailed, "start it, or correct redis in the configuration; gateways keep their sockets and take no new ones meanwhile", "%s: %v", hidePassword(d.o.Redis), err)
		return
	}
	for _, p := range h.Primaries {
		name := "redis"
		if len(h.Primaries) > 1 {
			name += " " + p.Addr
		}
		if p.Role != "master" {
			d.add(name, GradeFailed, "name the primary, or its Sentinels with redis-sentinel://", "%s is a replica: it takes nothing", p.Addr)
			continue
		}
		d.ok(name, "version %s, %d MB used, answers in %v", p.Version, p.Used>>20, p.RoundTrip.Round(10*time.Microsecond))
		if p.RoundTrip > slowAnswer {
			d.add(name+": distance", GradeWarning, "put gateways and Redis into one network: each turn waits for it once", "an answer takes %v", p.RoundTrip.Round(time.Millisecond))
		}
		d.clock(name+": clock", p.Clock, p.RoundTrip)
	}
	for _, w := range h.Warnings {
		seen, fix, _ := cutLast(w, "; ")
		grade := GradeWarning
		if strings.Contains(w, "too old") || strings.Contains(w, "are refused") || strings.Contains(w, "not answered") {
			grade = GradeFailed
		}
		d.add("redis: promises", grade, fix, "%s", seen)
	}
	if len(h.Warnings) == 0 {
		d.ok("redis: promises", "it keeps what it has answered")
	}
}

// cutLast cuts around the last sep.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func (d *diagnosis) checkPostgres(ctx context.Context) {
	switch {
	case d.o.Redis == "":
		return
	case d.o.Postgres == "":
		d.add("postgres", GradeWarning, "set postgres, for contacts and proofs to be kept and operators to sign in", "none is set: what is for the contact store waits in Redis")
		return
	}
	e, err := pgstore.Examine(ctx, d.o.Postgres, pgstore.RoleApp, pgstore.RoleMarketing, pgstore.RoleStaff)
	if err != nil {
		d.add("postgres", GradeFailed, "start it, or correct postgres in the configuration; chats go on meanwhile and records wait in Redis", "%v", err)
		return
	}
	d.postgresServer(e)
	d.postgresLogin("postgres: login", e, false)
	switch {
	case e.Schema == 0:
		d.add("postgres: schema", GradeFailed, "zgoda migrate up --owner postgres://… --login "+e.Login, "the database has none that login %s can see", e.Login)
	case e.Schema < e.Latest:
		d.add("postgres: schema", GradeFailed, "zgoda migrate up --owner postgres://…", "version %d, this program needs %d", e.Schema, e.Latest)
	case e.Schema > e.Latest:
		d.add("postgres: schema", GradeFailed, "start the newer program, or run its zgoda migrate down", "version %d, this program knows up to %d", e.Schema, e.Latest)
	default:
		d.ok("postgres: schema", "version %d, the newest", e.Schema)
	}
	if len(e.Unforced) > 0 {
		d.add("postgres: row security", GradeFailed, "ALTER TABLE … ENABLE ROW LEVEL SECURITY; ALTER TABLE … FORCE ROW LEVEL SECURITY", "somebody has lifted it from %s", some(e.Unforced))
	} else if e.Schema > 0 {
		d.ok("postgres: row security", "forced on every table")
	}
	d.checkRetention(ctx)
}

func (d *diagnosis) postgresServer(e *pgstore.Examination) {
	if e.TooOld() {
		d.add("postgres", GradeFailed, "use PostgreSQL 15 or newer", "version %d", e.Server/10000)
		return
	}
	d.ok("postgres", "version %d.%d, answers in %v", e.Server/10000, e.Server%10000, e.RoundTrip.Round(10*time.Microsecond))
	d.clock("postgres: clock", e.Clock, e.RoundTrip)
	if e.Connections*10 > e.MaxConnections*9 {
		d.add("postgres: connections", GradeWarning, "raise max_connections, or end what holds them", "%d of %d are in use", e.Connections, e.MaxConnections)
	} else {
		d.ok("postgres: connections", "%d of %d are in use", e.Connections, e.MaxConnections)
	}
	if e.Commit == "off" {
		d.add("postgres: commits", GradeWarning, "set synchronous_commit to on for this database", "synchronous_commit is off: a crash of the server loses consents that it had answered")
	}
}

// postgresLogin looks at whom a gateway connects as.
func (d *diagnosis) postgresLogin(check string, e *pgstore.Examination, retention bool) {
	switch {
	case e.Unbound:
		d.add(check, GradeFailed, "CREATE ROLE <login> LOGIN NOINHERIT PASSWORD '…'; then zgoda migrate up --login <login>",
			"%s is superuser or bypasses row security, so nothing that the schema forbids is forbidden", e.Login)
	case len(e.Missing) > 0:
		flag := "--login "
		if retention {
			flag = "--retention-login "
		}
		d.add(check, GradeFailed, "zgoda migrate up --owner postgres://… "+flag+e.Login, "%s is no member of %s", e.Login, strings.Join(e.Missing, ", "))
	default:
		d.ok(check, "%s, bound by the schema", e.Login)
	}
}

// checkRetention looks at the login that alone may delete ledgers.
func (d *diagnosis) checkRetention(ctx context.Context) {
	const check = "postgres: retention login"
	if d.o.PostgresRetention == "" {
		d.add(check, GradeWarning, "CREATE ROLE <login> LOGIN NOINHERIT; zgoda migrate up --retention-login <login>; set postgres_retention on one node",
			"none is set: ledgers stay when their time is over, longer than visitors were told")
		return
	}
	e, err := pgstore.Examine(ctx, d.o.PostgresRetention, pgstore.RoleRetention)
	if err != nil {
		d.add(check, GradeFailed, "correct postgres_retention in the configuration", "%v", err)
		return
	}
	d.postgresLogin(check, e, true)
}
