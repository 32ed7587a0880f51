//go:build scratch

package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"zgoda/gateway/protocol"
)

func TestScratch(t *testing.T) {
	var y any
	if err := yaml.Unmarshal(protocol.AsyncAPI, &y); err != nil {
		t.Fatal(err)
	}
	b, _ := json.Marshal(y)
	root, _ := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft7)
	c.AddResource("https://x.invalid/a.json", root)
	schemas := map[string]*jsonschema.Schema{}
	for name := range root.(map[string]any)["components"].(map[string]any)["messages"].(map[string]any) {
		s, err := c.Compile("https://x.invalid/a.json#/components/messages/" + name + "/payload")
		if err != nil {
			t.Fatal(err)
		}
		schemas[name] = s
	}
	var mu sync.Mutex
	seen := map[string]int{}
	check := func(dir string, data []byte) {
		mu.Lock()
		defer mu.Unlock()
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Errorf("%s %s: %v", dir, data, err)
			return
		}
		name := v.(map[string]any)["t"].(string)
		if dir == "out" && (name == "beat" || name == "typing") {
			name = map[string]string{"beat": "clientBeat", "typing": "clientTyping"}[name]
		}
		seen[dir+" "+name]++
		if s := schemas[name]; s == nil {
			t.Errorf("no schema %s: %s", name, data)
		} else if err := s.Validate(v); err != nil {
			t.Errorf("%s %s: %v", dir, data, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	o := Options{URL: "ws://127.0.0.1:18977", Site: "demo", Locale: "pl", Page: "/x", Origin: "http://127.0.0.1:18977", OnFrame: check}
	cl, err := Dial(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("%+v\n", cl.Hello())
	for _, s := range []string{"cześć", "ile kosztuje dostawa?", "mój mail to x@example.com", "coś innego"} {
		r, err := cl.Say(ctx, s)
		fmt.Println(s, r, err)
	}
	rr, err := cl.AskCard(ctx)
	fmt.Println("ask", rr, err)
	for _, e := range cl.Events() {
		if e.Card != nil {
			r, err := cl.Decide(ctx, e.Card.Request, "grant")
			fmt.Println("decide", r, err)
		}
	}
	fmt.Println(cl.Say(ctx, "Ala"))
	fmt.Println(cl.Say(ctx, "ala@example.com"))
	cl.Drop()
	fmt.Println("reconnect", cl.Reconnect(ctx, ""))
	fmt.Println(cl.Reconnect(ctx, ""), cl.Resets(), cl.Sockets())
	// chaos: drop while many callers talk
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for k := range 6 {
				if _, err := cl.Say(ctx, fmt.Sprint("m", i, " ", k)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	stop := make(chan struct{})
	var dw sync.WaitGroup
	dw.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(rand.IntN(60)) * time.Millisecond):
			}
			cl.Drop()
			if err := cl.Reconnect(ctx, ""); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	close(stop)
	dw.Wait()
	p, more, err := cl.History(ctx, 10, 5)
	fmt.Println(len(p), more, err)
	fmt.Println(cl.Beat(ctx))
	cl.Raw([]byte(`{"t":"say"}`))
	cl.Raw([]byte(`xx`))
	cl.Typing(true)
	fmt.Println(cl.Beat(ctx))
	w, err := cl.Withdraw(ctx)
	fmt.Println("withdraw", w, err, cl.State())
	for _, e := range cl.Events()[:14] {
		fmt.Printf("%+v\n", e)
	}
	fmt.Println("violations", cl.Violations(), "sockets", cl.Sockets(), "errors", cl.Errors())
	e, err := cl.Erase(ctx)
	fmt.Println("erase", e, err, cl.WaitLost(ctx))
	cl.Close()
	fmt.Println(seen)
}
