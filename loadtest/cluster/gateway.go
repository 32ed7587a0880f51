package cluster

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"zgoda/persistence/servers"
)

// stopPatience is how long a gateway may take to end in order.
const stopPatience = 30 * time.Second

// A gateway is one process, which may be started again on the same port.
type gateway struct {
	name  string
	addr  string // its own
	front string // where visitors reach it
	make  func() *exec.Cmd
	log   string

	// hurt is held by what is done to it.
	hurt sync.Mutex

	mu   sync.Mutex // guards proc
	proc *servers.Program
}

// limits of the gateways: what is measured is the deployment, and all visitors
// come from one address.
var limits = []string{"SOCKETS_PER_ADDRESS", "PER_SECOND", "PER_SECOND_PER_ADDRESS", "CONVERSATIONS_PER_MINUTE"}

func (c *Cluster) startGateway(ctx context.Context, i int, env []string) (*gateway, error) {
	port, err := servers.FreePort()
	if err != nil {
		return nil, err
	}
	g := &gateway{
		name: "g" + strconv.Itoa(i+1), addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		log: filepath.Join(c.dir, fmt.Sprintf("gateway-%d.log", i+1)),
	}
	env = append(os.Environ(), env...)
	env = append(env, "ZGODA_NODE="+g.name, "ZGODA_LISTEN="+g.addr, "ZGODA_DATA="+filepath.Join(c.dir, "data"), "ZGODA_SITES="+c.opts.Sites,
		"ZGODA_PROCESSOR_NAME=Load Test", "ZGODA_PROCESSOR_ADDRESS=Loopback 1", "ZGODA_PROCESSOR_CONTACT=load@example.com",
		"ZGODA_DRAIN_DELAY_MS=1000", "ZGODA_DRAIN_TIME_MS=2000", "ZGODA_MUTANT="+c.opts.Mutant)
	for _, name := range limits {
		env = append(env, "ZGODA_LIMITS_"+name+"=-1")
	}
	g.make = func() *exec.Cmd {
		cmd := exec.Command(c.opts.Binary, "run")
		cmd.Dir, cmd.Env = c.dir, env // no configuration of the folder the tool runs in
		return cmd
	}
	if g.front = g.addr; c.opts.Proxied {
		if g.front, err = c.proxies.add(g.name, g.addr); err != nil {
			return nil, err
		}
	}
	return g, g.start(ctx)
}

func (g *gateway) start(ctx context.Context) error {
	p, err := servers.Launch(ctx, g.make(), g.log, g.ready)
	if err != nil {
		return err
	}
	g.mu.Lock()
	g.proc = p
	g.mu.Unlock()
	return nil
}

// ready asks the gateway itself, not its proxy.
func (g *gateway) ready(ctx context.Context) error { return get(ctx, "http://"+g.addr+"/readyz") }

func (g *gateway) process() *servers.Program {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.proc
}

func (g *gateway) stop() {
	if p := g.process(); p != nil {
		p.Terminate(stopPatience)
	}
}
