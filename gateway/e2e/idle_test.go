package e2e

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"zgoda/gateway"
	"zgoda/gateway/httpapi"
	"zgoda/gateway/protocol"
	"zgoda/persistence/servers"
)

// envBare makes the child a bare coder/websocket handler, the peer to compare
// with: a goroutine that blocks in Read with the request's context.
const envBare = "ZGODA_E2E_BARE"

// runBare serves sockets the plain way.
func runBare() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("listening", listener.Addr())
	go answerMemory()
	return http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true, Subprotocols: []string{protocol.Subprotocol}})
		if err != nil {
			return
		}
		defer func() { _ = c.CloseNow() }()
		for {
			kind, data, err := c.Read(r.Context())
			if err != nil {
				return
			}
			if c.Write(r.Context(), kind, data) != nil {
				return
			}
		}
	}))
}

// answerMemory collects garbage when asked to.
func answerMemory() {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		debug.FreeOSMemory()
		fmt.Println("collected")
	}
	os.Exit(0)
}

// unlimited lets one address open as many sockets as it likes.
var unlimited = httpapi.Limits{Sockets: -1, SocketsPerAddress: -1, PerSecond: -1, PerSecondPerAddress: -1, ConversationsPerMinute: -1, FramesPerSecond: -1}

func runIdleGateway() error {
	return serveIdle(gateway.Options{Limits: unlimited, Redis: os.Getenv(envRedis)})
}

// BenchmarkIdleSockets prints the resident memory of a process for each idle
// visitor socket with an attached conversation, and for each socket of a bare
// coder/websocket handler. ZGODA_SOCKETS sets how many; the budgets of DESIGN.md
// are for 10,000.
func BenchmarkIdleSockets(b *testing.B) {
	n := 2000
	if s, err := strconv.Atoi(os.Getenv("ZGODA_SOCKETS")); err == nil {
		n = s
	}
	r, err := servers.Redis(b.Context(), servers.RedisOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = r.Stop() }()
	for _, kind := range []string{"bare", "zgoda", "zgoda-redis"} {
		b.Run(kind, func(b *testing.B) {
			for b.Loop() {
				measureIdle(b, kind, r.Addr(), n)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func measureIdle(b *testing.B, kind, redis string, n int) {
	kind, onRedis := strings.CutSuffix(kind, "-redis")
	if !onRedis {
		redis = ""
	}
	p := startIdleChild(b, kind, redis)
	before := p.resident()
	conns := make([]net.Conn, n)
	var wg sync.WaitGroup
	work := make(chan int)
	for range 32 {
		wg.Go(func() {
			for i := range work {
				conns[i] = idleSocket(b, p.addr, kind)
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	wg.Wait()
	settle := time.NewTimer(2 * time.Second) // let the last writes end
	<-settle.C
	unforced := p.resident() - before
	p.collect()
	b.ReportMetric(float64(unforced)/1024/float64(n), "KB/socket")
	b.ReportMetric(float64(p.resident()-before)/1024/float64(n), "KB/socket-after-GC")
	for _, c := range conns {
		if c != nil {
			_ = c.Close()
		}
	}
}

type idleChild struct {
	b     *testing.B
	cmd   *exec.Cmd
	stdin io.WriteCloser
	out   *bufio.Reader
	addr  string
}

func startIdleChild(b *testing.B, kind, redis string) *idleChild {
	b.Helper()
	sites, err := filepath.Abs(sitesDir())
	if err != nil {
		b.Fatal(err)
	}
	p := &idleChild{b: b, cmd: exec.Command(os.Args[0])}
	p.cmd.Env = append(os.Environ(), envChild+"=idle", envBare+"="+kind, envSites+"="+sites)
	if redis != "" {
		p.cmd.Env = append(p.cmd.Env, envRedis+"=redis://"+redis)
	}
	p.cmd.Stderr = os.Stderr
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = p.stdin.Close()
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	})
	p.out = bufio.NewReader(out)
	line, err := p.out.ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	p.addr = strings.TrimSpace(strings.TrimPrefix(line, "listening "))
	return p
}

// resident returns the process's resident memory in bytes, as the system counts
// it.
func (p *idleChild) resident() int {
	p.b.Helper()
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		p.b.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	if err != nil {
		p.b.Fatal(err)
	}
	return pages * os.Getpagesize()
}

func (p *idleChild) collect() {
	p.b.Helper()
	if _, err := io.WriteString(p.stdin, "gc\n"); err != nil {
		p.b.Fatal(err)
	}
	if _, err := p.out.ReadString('\n'); err != nil {
		p.b.Fatal(err)
	}
}

// idleSocket opens a socket the way a browser does, with its headers, says
// something where there is somebody to talk to, and then stays silent.
func idleSocket(b *testing.B, addr, kind string) net.Conn {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.Error(err)
		return nil
	}
	_, err = fmt.Fprintf(c, "GET /v1/ws?site=demo HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Origin: http://%s\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36\r\n"+
		"Accept-Encoding: gzip, deflate, br\r\nAccept-Language: pl,en;q=0.8\r\nCache-Control: no-cache\r\nPragma: no-cache\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: zgoda.v1\r\n\r\n", addr, addr)
	if err != nil {
		b.Error(err)
		return nil
	}
	frames := []string{`{"t":"echo"}`}
	wait := `"t":"echo"`
	switch kind {
	case "floor":
		wait = `"t":"ack"`
	case "zgoda", "turns":
		secret := fmt.Sprintf("%032x", time.Now().UnixNano())
		frames = []string{fmt.Sprintf(`{"t":"open","client":"idle-socket-000001","secret":%q,"locale":"pl","page":"/"}`, secret), `{"t":"say","n":1,"text":"dzień dobry"}`}
		wait = `"t":"ack"`
	}
	for _, f := range frames {
		if _, err := c.Write(clientText(f)); err != nil {
			b.Error(err)
			return nil
		}
	}
	buf := make([]byte, 0, 8192)
	for !bytes.Contains(buf, []byte(wait)) {
		chunk := make([]byte, 2048)
		n, err := c.Read(chunk)
		if err != nil {
			b.Errorf("idle socket: %v after %s", err, buf)
			return nil
		}
		buf = append(buf, chunk[:n]...)
	}
	return c
}

// clientText is a text frame as a client sends it (RFC 6455 section 5.2), with a
// mask of zeros.
func clientText(s string) []byte {
	frame := []byte{0x81}
	if len(s) < 126 {
		frame = append(frame, 0x80|byte(len(s)))
	} else {
		frame = binary.BigEndian.AppendUint16(append(frame, 0x80|126), uint16(len(s)))
	}
	return append(append(frame, 0, 0, 0, 0), s...)
}
