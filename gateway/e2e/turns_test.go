package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/redis/go-redis/v9"

	"zgoda/gateway"
	"zgoda/gateway/protocol"
	"zgoda/persistence"
	"zgoda/persistence/servers"
)

// floorScript does what no conversation store can do without: it appends an
// event and a state.
const floorScript = `redis.call('XADD', KEYS[1], '*', 'b', ARGV[1])
redis.call('HSET', KEYS[2], 's', ARGV[1])
return 1`

// runFloor serves turns without a bot, routing or checks: one EVALSHA through
// go-redis, two frames back.
func runFloor() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	rdb := redis.NewClient(&redis.Options{Addr: strings.TrimPrefix(os.Getenv(envRedis), "redis://"), PoolSize: 100})
	script := redis.NewScript(floorScript)
	fmt.Println("listening", listener.Addr())
	go answerMemory()
	var conversations atomic.Int64
	return http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true, Subprotocols: []string{protocol.Subprotocol}})
		if err != nil {
			return
		}
		defer func() { _ = c.CloseNow() }()
		id := conversations.Add(1)
		keys := []string{fmt.Sprintf("floor:e:%d", id), fmt.Sprintf("floor:c:%d", id)}
		for {
			kind, data, err := c.Read(r.Context())
			if err != nil {
				return
			}
			if script.Run(r.Context(), rdb, keys, data).Err() != nil {
				return
			}
			events := fmt.Appendf(nil, `{"t":"events","pad":"%s"}`, strings.Repeat("x", 600))
			for _, frame := range [][]byte{events, []byte(`{"t":"ack","n":1}`)} {
				if c.Write(r.Context(), kind, frame) != nil {
					return
				}
			}
		}
	}))
}

// BenchmarkTurns prints bot turns a second of 100 visitors on one gateway and one
// Redis, and the gateway's CPU for each turn, as ratios to a floor measured in the
// same run: rounds of both follow each other, and medians are compared. DESIGN.md
// wants at least 0.85 of the turns and at most 1.3 of the CPU.
func BenchmarkTurns(b *testing.B) {
	const visitors, rounds = 100, 7
	round := time.Second
	r, err := servers.Redis(b.Context(), servers.RedisOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = r.Stop() }()
	floor, ours := startTurns(b, "floor", r.Addr(), visitors), startTurns(b, "turns", r.Addr(), visitors)
	for b.Loop() {
		rates, cpus := compare(rounds, round, floor, ours)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(median(rates[0]), "floor-turns/s")
		b.ReportMetric(median(rates[1]), "turns/s")
		b.ReportMetric(median(rates[1])/median(rates[0]), "of-the-floor's-turns")
		b.ReportMetric(median(cpus[0]), "floor-µs-CPU/turn")
		b.ReportMetric(median(cpus[1]), "µs-CPU/turn")
		b.ReportMetric(median(cpus[1])/median(cpus[0]), "of-the-floor's-CPU")
	}
}

// BenchmarkTelemetry prints a turn's CPU with metrics, Prometheus and one trace in ten
// sent over OTLP, as a ratio to one with nothing switched on, measured in the same run.
// At most 1.10 is wanted.
func BenchmarkTelemetry(b *testing.B) {
	const visitors, rounds = 100, 9
	var stores [2]*servers.RedisServer // of each, since their keys differ
	for i := range stores {
		r, err := servers.Redis(b.Context(), servers.RedisOptions{})
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = r.Stop() }()
		stores[i] = r
	}
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer sink.Close()
	off := startTurns(b, "turns", stores[0].Addr(), visitors)
	b.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", sink.URL)
	b.Setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
	b.Setenv("OTEL_TRACES_SAMPLER_ARG", "0.1")
	b.Setenv(envProm, "127.0.0.1:0")
	on := startTurns(b, "turns", stores[1].Addr(), visitors)
	for b.Loop() {
		rates, cpus := compare(rounds, time.Second, off, on)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(median(rates[1])/median(rates[0]), "of-the-turns")
		b.ReportMetric(median(cpus[0]), "µs-CPU/turn-off")
		b.ReportMetric(median(cpus[1]), "µs-CPU/turn-on")
		b.ReportMetric(median(cpus[1])/median(cpus[0]), "of-the-CPU")
	}
}

// compare lets servers take turns at being measured.
func compare(rounds int, round time.Duration, all ...*turnServer) (rates, cpus [][]float64) {
	rates, cpus = make([][]float64, len(all)), make([][]float64, len(all))
	for range rounds {
		for i, s := range all {
			rate, cpu := s.measure(round)
			rates[i], cpus[i] = append(rates[i], rate), append(cpus[i], cpu)
		}
	}
	return rates, cpus
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

// A turnServer is a server in a process of its own and the visitors it has.
type turnServer struct {
	*idleChild
	visitors []*turnVisitor
}

type turnVisitor struct {
	conn net.Conn
	n    int
	buf  []byte
}

func startTurns(b *testing.B, kind, redisAddr string, visitors int) *turnServer {
	b.Helper()
	s := &turnServer{idleChild: startIdleChild(b, kind, redisAddr)}
	for range visitors {
		v := &turnVisitor{conn: idleSocket(b, s.addr, kind), n: 1}
		if v.conn == nil {
			b.Fatal("a visitor could not connect")
		}
		s.visitors = append(s.visitors, v)
	}
	return s
}

// measure lets all visitors talk for a while, each as soon as it has its answer.
func (s *turnServer) measure(d time.Duration) (perSecond, cpuMicros float64) {
	var turns atomic.Int64
	var talking sync.WaitGroup
	before := s.cpu()
	began := time.Now()
	for _, v := range s.visitors {
		talking.Go(func() {
			for time.Since(began) < d {
				if err := v.turn(); err != nil {
					s.b.Errorf("turn: %v", err)
					return
				}
				turns.Add(1)
			}
		})
	}
	talking.Wait()
	elapsed := time.Since(began)
	n := float64(turns.Load())
	return n / elapsed.Seconds(), float64((s.cpu() - before).Microseconds()) / n
}

// turn says something and reads until the answer is there: the events and the
// acknowledgement.
func (v *turnVisitor) turn() error {
	v.n++
	if _, err := v.conn.Write(clientText(fmt.Sprintf(`{"t":"say","n":%d,"text":"o której otwieracie?"}`, v.n))); err != nil {
		return err
	}
	for events, ack := false, false; !events || !ack; {
		payload, err := v.frame()
		if err != nil {
			return err
		}
		switch {
		case bytes.HasPrefix(payload, []byte(`{"t":"events"`)):
			events = true
		case bytes.HasPrefix(payload, []byte(`{"t":"ack"`)):
			ack = true
		case bytes.HasPrefix(payload, []byte(`{"t":"error"`)):
			return errors.New(string(payload))
		}
	}
	return nil
}

// frame reads one frame of the server's (RFC 6455 section 5.2: no mask).
func (v *turnVisitor) frame() ([]byte, error) {
	for {
		if head, size, ok := frameSize(v.buf); ok && len(v.buf) >= head+size {
			payload := bytes.Clone(v.buf[head : head+size])
			v.buf = append(v.buf[:0], v.buf[head+size:]...)
			return payload, nil
		}
		chunk := make([]byte, 8192)
		n, err := v.conn.Read(chunk)
		if err != nil {
			return nil, err
		}
		v.buf = append(v.buf, chunk[:n]...)
	}
}

func frameSize(b []byte) (head, size int, ok bool) {
	if len(b) < 2 {
		return 0, 0, false
	}
	switch size = int(b[1] & 0x7f); {
	case size == 126 && len(b) >= 4:
		return 4, int(binary.BigEndian.Uint16(b[2:])), true
	case size == 127 && len(b) >= 10:
		return 10, int(binary.BigEndian.Uint64(b[2:])), true
	case size < 126:
		return 2, size, true
	}
	return 0, 0, false
}

// cpu is what the process has used so far (proc(5): utime and stime in ticks of
// 10 ms).
func (p *idleChild) cpu() time.Duration {
	p.b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		p.b.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var user, system int
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		p.b.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// runTurns is a gateway without limits.
func runTurns() error {
	return serveIdle(gateway.Options{
		Limits: unlimited, Redis: os.Getenv(envRedis), Rate: persistence.Rate{Max: 1 << 30, Window: time.Second},
		Env: os.Getenv, Metrics: os.Getenv(envProm),
	})
}

// serveIdle runs a gateway on a folder of its own until its parent ends it.
func serveIdle(o gateway.Options) error {
	data, err := os.MkdirTemp("", "zgoda-idle-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(data) }()
	o.Listen, o.DataDir, o.SitesDir, o.Processor = "127.0.0.1:0", data, os.Getenv(envSites), processor
	app, err := gateway.New(context.Background(), o)
	if err != nil {
		return err
	}
	if err := app.Start(context.Background()); err != nil {
		return err
	}
	fmt.Println("listening", app.Addr())
	go gateway.PaceCollector(context.Background()) // as the program does
	answerMemory()
	return nil
}
