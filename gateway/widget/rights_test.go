package widget

import (
	"strings"
	"testing"
)

// kept collects what the page would save as a file.
const kept = `window.files = []; const click = HTMLAnchorElement.prototype.click; const made = {};
	const create = URL.createObjectURL; URL.createObjectURL = b => { const u = create(b); made[u] = b; return u; };
	HTMLAnchorElement.prototype.click = function () { if (!this.download) return click.call(this);
		made[this.href].text().then(t => files.push(this.download + ' ' + t)); };`

// Withdrawing takes no more steps than granting (C27): one press in the open
// privacy item, which is one press away in every session. What the visitor can
// take away comes over the same socket.
func TestC27_RightsInThePrivacyItem(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t)
	b.onNew(kept)
	b.visit(f.srv.URL + "/demo/")
	b.open()
	b.say("kontakt")
	b.wait("the card", "all('.decide').length === 2")
	b.eval("q('.decide[data-answer=grant]').click()")
	b.wait("the question", "q('textarea').autocomplete === 'email'")
	b.eval("q('.head .tool').click()")
	b.wait("the privacy item", "q('[data-key=receipt]') && q('[data-key=export]')")
	b.eval("q('[data-key=receipt]').focus(); q('[data-key=receipt]').click()")
	b.wait("the receipt", "files.length === 1 && q('.sheet [role=status]').textContent === 'Plik jest w pobranych.'")
	b.eval("q('[data-key=export]').focus(); q('[data-key=export]').click()")
	b.wait("the data", "files.length === 2")
	files := value[[]string](b, "files")
	if !strings.HasSuffix(files[0], "-receipt.jws eyJh.e30.c2ln") || !strings.HasSuffix(files[1], `-data.json {"contact":{"email":"ala@example.com"}}`) {
		t.Errorf("files %q", files)
	}
	b.wait("focus kept on what was pressed", "root().activeElement?.dataset.key === 'export'")
	b.shot("files")

	f.set(func(f *fake) { f.fail = 1 })
	b.eval("q('[data-key=receipt]').click()")
	b.wait("an honest answer", "q('.sheet [role=status]').textContent.includes('Spróbuj ponownie')")
	f.set(func(f *fake) { f.fail = 0 })

	b.eval("q('.purpose .quiet').click()")
	b.wait("the withdrawal in one press", "q('.purpose').dataset.status === 'withdrawn'")
}

// Without a network the privacy item still opens once a conversation has begun,
// and says that the withdrawal is not sent yet.
func TestC27_WithdrawalWithoutANetworkIsHonest(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t).visit(f.srv.URL + "/demo/")
	b.open()
	b.say("kontakt")
	b.wait("the card", "all('.decide').length === 2")
	b.eval("q('.decide[data-answer=grant]').click()")
	b.wait("the question", "q('textarea').autocomplete === 'email'")
	f.set(func(f *fake) { f.refuse = true })
	f.closeAll(4000)
	b.wait("the lost line", "q('.status').dataset.phase !== 'online'")
	b.eval("q('.head .tool').click()")
	b.wait("the privacy item", "q('.purpose')?.dataset.status === 'granted'")
	b.eval("q('.purpose .quiet').click()")
	b.wait("not sent yet", "q('.sheet').textContent.includes('jeszcze nie wysłano') && q('.purpose').dataset.status === 'granted'")
	b.shot("late-withdrawal")
	f.set(func(f *fake) { f.refuse = false })
	b.wait("the withdrawal", "q('.purpose').dataset.status === 'withdrawn'")
}
