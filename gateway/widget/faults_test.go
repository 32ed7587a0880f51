package widget

import (
	"fmt"
	"testing"
	"time"

	"github.com/coder/websocket"

	"zgoda/gateway/protocol"
)

// begun opens the demo page with a conversation of one question.
func begun(t *testing.T) (*fake, *tab) {
	t.Helper()
	f := newFake(t)
	b := newBrowser(t).visit(f.srv.URL + "/demo/")
	b.open()
	b.say("Hej")
	b.acked("Hej")
	b.wait("the answer", "lines().length === 4")
	return f, b
}

func TestGoAwayOpensTheNewSocketFirst(t *testing.T) {
	f, b := begun(t)
	f.set(func(f *fake) { f.sockets[0].send(protocol.GoAway{T: "goaway", AfterMS: 50}) })
	b.wait("one new socket", "q('.status').dataset.phase === 'online'")
	deadline := time.Now().Add(5 * time.Second)
	for get(f, func(f *fake) int { return len(f.opens) }) < 2 || get(f, func(f *fake) int { return len(f.sockets) }) != 1 {
		if time.Now().After(deadline) {
			t.Fatal("the widget did not move to a new socket")
		}
		time.Sleep(20 * time.Millisecond)
	}
	again := get(f, func(f *fake) protocol.ClientFrame { return f.opens[1] })
	if again.Have == nil || again.Have.Seq != 4 {
		t.Errorf("the new socket opened with have = %+v, want seq 4", again.Have)
	}
	b.say("Jestem dalej")
	b.acked("Jestem dalej")
	if phase := value[string](b, "q('.status').dataset.phase"); phase != "online" {
		t.Errorf("phase = %s: the move was visible", phase)
	}
}

func TestRepeatedEventsShowOnce(t *testing.T) {
	f, b := begun(t)
	f.set(func(f *fake) { f.twice = true })
	b.say("Raz")
	b.acked("Raz")
	b.wait("the answer", "lines().length === 6")
	if got := value[[]string](b, "lines()"); len(got) != 6 {
		t.Errorf("lines = %q", got)
	}
}

func TestGapIsResumed(t *testing.T) {
	f, b := begun(t)
	f.set(func(f *fake) {
		f.append(protocol.Event{From: "bot", Kind: "message", Text: part("zgubiona")})
		f.append(protocol.Event{From: "bot", Kind: "message", Text: part("ostatnia")})
		f.deliver(f.log[5:], false) // the one before is lost
	})
	b.wait("both lines", "lines().includes('zgubiona') && lines().includes('ostatnia')")
	if got := value[[]string](b, "lines()"); got[4] != "zgubiona" {
		t.Errorf("lines = %q", got)
	}
}

func TestLostAnswerIsAskedForAgain(t *testing.T) {
	f, b := begun(t)
	f.set(func(f *fake) { f.deaf = true })
	b.say("Cisza")
	b.wait("a line under way", "q('.own.sending')")
	f.set(func(f *fake) { f.deaf = false })
	f.closeAll(protocol.CloseSlow)
	b.acked("Cisza")
	n := 0
	for _, e := range get(f, func(f *fake) []protocol.Event { return f.log }) {
		if e.From == "visitor" && e.N == 2 {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the line is %d times in the log", n)
	}
}

func TestTerminalCloseStops(t *testing.T) {
	f, b := begun(t)
	f.closeAll(protocol.CloseAbuse)
	b.wait("the way to start again", "q('.banner button')")
	b.shot("stopped")
	before := get(f, func(f *fake) int { return f.upgrades })
	time.Sleep(700 * time.Millisecond)
	if after := get(f, func(f *fake) int { return f.upgrades }); after != before {
		t.Error("the widget came back by itself")
	}
	b.eval("q('.banner button').click()")
	b.say("Wracam")
	b.acked("Wracam")
}

func TestSupersededGoesOnAsAnotherInstance(t *testing.T) {
	f, b := begun(t)
	f.closeAll(protocol.CloseSuperseded)
	b.wait("the way to go on here", "q('.banner').textContent.includes('innym oknie')")
	b.eval("q('.banner button').click()")
	b.say("Tu")
	b.acked("Tu")
	opens := get(f, func(f *fake) []protocol.ClientFrame { return f.opens })
	if opens[0].Client == opens[len(opens)-1].Client {
		t.Error("the instance that was taken over is still used")
	}
}

func TestRefusedTokenIsRenewedBySecret(t *testing.T) {
	f, b := begun(t)
	f.closeAll(protocol.CloseToken)
	b.wait("the line back", "q('.status').dataset.phase !== 'online'")
	b.wait("the line back", "q('.status').dataset.phase === 'online'")
	opens := get(f, func(f *fake) []protocol.ClientFrame { return f.opens })
	if last := opens[len(opens)-1]; last.Token != "" || last.Secret != opens[0].Secret {
		t.Errorf("came back with %+v", last)
	}
}

func TestRollbackShowsWhatWasLost(t *testing.T) {
	f, b := begun(t)
	b.say("Zginie")
	b.acked("Zginie")
	f.set(func(f *fake) { // a failover: the last turn is gone
		f.log, f.epoch = f.log[:4], "e2"
		for client := range f.lastN {
			f.lastN[client] = 1
			delete(f.answers, client+"/2")
		}
	})
	f.closeAll(websocket.StatusGoingAway)
	b.wait("the lost line", "all('.own.failed .bubble').some(e => e.textContent === 'Zginie')")
	b.shot("lost")
	b.eval("q('.own.failed button').click()")
	b.acked("Zginie")
	if n := value[int](b, "lines().filter(l => l === 'Zginie').length"); n != 1 {
		t.Errorf("the line shows %d times", n)
	}
}

func TestTwoTabsShareTheConversation(t *testing.T) {
	f, b := begun(t)
	other := b.tab().visit(f.srv.URL + "/demo/")
	other.wait("the conversation", "lines().length === 4")
	other.say("Z drugiej karty")
	other.acked("Z drugiej karty")
	b.wait("the line from the other tab", "lines().includes('Z drugiej karty')")
	opens := get(f, func(f *fake) []protocol.ClientFrame { return f.opens })
	if opens[0].Client == opens[1].Client || opens[0].Secret != opens[1].Secret {
		t.Error("two tabs must be two instances of one visitor")
	}
}

func TestUnreadAndOperator(t *testing.T) {
	f, b := begun(t)
	b.eval("window.seen = []; zgoda('on', 'unread', n => seen.push(n)); zgoda('close')")
	f.set(func(f *fake) {
		f.state.Owner = protocol.OwnerOperator
		f.append(protocol.Event{From: "operator", Kind: "message", Text: part("Dzień dobry, tu Ania.")})
		f.deliver(f.log[4:], false)
	})
	b.wait("the badge", "!q('.badge').hidden && q('.badge').textContent === '1'")
	if label := value[string](b, "launcher().ariaLabel"); label != "Otwórz czat – Nieprzeczytane wiadomości: 1" {
		t.Errorf("the launcher is called %q", label)
	}
	b.shot("unread")
	b.eval("zgoda('open')")
	b.wait("no badge", "q('.badge').hidden && seen.join() === '1,0'")
	b.wait("the owner", "q('.status').textContent.includes('zespołem')")
	f.set(func(f *fake) { f.sockets[0].send(protocol.Typing{T: "typing", From: "operator", On: true}) })
	b.wait("the dots", "!q('.dots').hidden")
	b.shot("operator")
}

func TestOlderMessagesComeOnDemand(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t).visit(f.srv.URL + "/demo/")
	f.set(func(f *fake) {
		for i := range 5000 {
			f.append(protocol.Event{From: "bot", Kind: "message", Text: part(fmt.Sprint("wiadomość ", i+1))})
		}
	})
	b.eval("localStorage.setItem('zgoda:demo', JSON.stringify({secret: '0'.repeat(32), open: true}))")
	b.visit(f.srv.URL + "/demo/")
	b.wait("the newest", "lines().length === 100 && lines()[99] === 'wiadomość 5000'")
	b.wait("the end in view", "q('.scroll').scrollHeight - q('.scroll').scrollTop - q('.scroll').clientHeight < 4")
	b.eval("window.first = all('.bubble')[0]; q('.scroll').scrollTop = 0")
	b.wait("older ones", "lines().length >= 150 && lines()[0] === 'wiadomość 4851'")
	if !value[bool](b, "Math.abs(first.getBoundingClientRect().top - q('.scroll').getBoundingClientRect().top) < 120") {
		t.Error("the line that was read has jumped")
	}
	f.set(func(f *fake) {
		f.append(protocol.Event{From: "bot", Kind: "message", Text: part("nowa")})
		f.deliver(f.log[5000:], false)
	})
	b.wait("the pill", "!q('.pill').hidden")
	b.shot("reading-back")
	b.eval("q('.pill').click()")
	b.wait("the end", "q('.pill').hidden")
}
