// The privacy item: what the visitor agreed to, how to take it back, what they can take away, and
// who is responsible. It is loaded when it is asked for, or when there is something to withdraw.

import type { PrivacyWords } from '../i18n/privacy/words';
import { fill, type Words } from '../i18n/words';
import type { Session } from '../session';
import { button, focused, h, iconButton, newTab } from '../view/dom';
import { Format } from '../view/format';
import { Files } from '../view/files';
import style from './privacy.css';

export interface PrivacyActs {
  purpose(code: string): string;
  back(card: boolean): void; // card: to one that was asked for
}

export function make(root: ShadowRoot, session: Session, words: Words, own: PrivacyWords, acts: PrivacyActs): Privacy {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  return new Privacy(session, words, own, acts);
}

export class Privacy {
  readonly el: HTMLElement;
  readonly #body = h('div', { class: 'scroll', tabindex: 0 });
  readonly #heading: HTMLElement;
  readonly #format: Format;
  readonly #files: Files;
  #sig = '';
  #confirming = false;

  readonly #session: Session;
  readonly #words: Words;
  readonly #own: PrivacyWords;
  readonly #acts: PrivacyActs;

  constructor(session: Session, words: Words, own: PrivacyWords, acts: PrivacyActs) {
    this.#session = session;
    this.#words = words;
    this.#own = own;
    this.#acts = acts;
    this.#format = new Format(words);
    this.#files = new Files(session, own, () => this.render());
    this.#heading = h('h2', { tabindex: -1, id: 'privacy' }, words.privacy);
    this.el = h('section', { class: 'sheet', hidden: true, 'aria-labelledby': 'privacy' },
      h('div', { class: 'top' }, iconButton('back', own.back, () => acts.back(false)), this.#heading), this.#body);
  }

  show(information: boolean): void {
    this.el.hidden = false;
    this.#confirming = false;
    this.render();
    const target = information ? this.#body.querySelector<HTMLElement>('.gdpr h3') : null;
    (target ?? this.#heading).focus();
    target?.scrollIntoView();
  }

  render(): void {
    if (this.el.hidden) return;
    const { state, seq } = this.#session.log;
    const { config, begun, line } = this.#session;
    const sig = JSON.stringify([state?.consents, state?.held, !!config, this.#confirming, begun, seq > 0, this.#busy(), line.phase, this.#files.sig]);
    if (sig === this.#sig && this.#body.firstChild) return;
    this.#sig = sig;
    const held = focused(this.#body);
    const place = held?.dataset['key'];
    this.#body.replaceChildren(h('div', {}, this.#consents(), this.#takeAway(), this.#erase(), this.#information()));
    // A button that did its work is gone; focus stays in the sheet.
    if (held) (this.#body.querySelector<HTMLElement>(`[data-focus],[data-key="${place}"]`) ?? this.#heading).focus();
  }

  #busy(): string {
    return this.#session.own.items.filter((i) => i.frame.t === 'withdraw' || i.frame.t === 'erase').map((i) => i.status).join();
  }

  #consents(): HTMLElement {
    const w = this.#own;
    const all = Object.entries(this.#session.log.state?.consents ?? {});
    const granted = all.filter(([, c]) => c.status === 'granted').map(([code]) => code);
    const held = this.#session.log.state?.held ?? [];
    if (!all.length && !held.length) return h('div', { class: 'block' }, h('p', {}, w.none));
    const late = this.#busy().includes('late');
    return h('div', { class: 'block' },
      h('h3', {}, w.purposes),
      ...all.map(([code, c]) => {
        const at = c.at ? this.#format.moment(this.#session.serverTime(c.at)) : '';
        const status = w.status[c.status] ?? w.status[''] ?? c.status;
        return h('div', { class: 'purpose', 'data-purpose': code, 'data-status': c.status },
          h('div', {}, h('strong', { dir: 'auto' }, this.#acts.purpose(code)), h('p', { class: 'small' }, fill(status, { at }))),
          c.status === 'granted' ? this.#act(w.withdraw, code, () => this.#withdraw([code]))
            : c.status !== 'not_required' && this.#act(w.change, code, () => this.#change(code)));
      }),
      late && h('p', { class: 'small', role: 'status' }, this.#words.line.late),
      held.length > 0 && h('p', { class: 'small' }, fill(w.held, { what: held.map((f) => w.field[f] ?? f).join(', ') })),
      granted.length > 1 && button(w.withdrawAll, 'quiet wide', () => this.#withdraw(granted)));
  }

  #act(label: string, code: string, click: () => void): HTMLElement {
    const b = button(label, 'quiet', click);
    b.ariaLabel = `${label}: ${this.#acts.purpose(code)}`;
    b.dataset['key'] = code;
    return b;
  }

  #withdraw(purposes: string[]): void {
    this.#session.act({ t: 'withdraw', purposes });
  }

  #change(code: string): void {
    this.#session.act({ t: 'ask_card', purposes: [code] });
    this.#acts.back(true);
  }

  // takeAway offers what the law gives every visitor, at every time: the proof of what was asked and
  // answered, and all that is held.
  #takeAway(): HTMLElement | undefined {
    if (!this.#session.begun) return undefined;
    const asked = Object.keys(this.#session.log.state?.consents ?? {}).length > 0;
    return h('div', { class: 'block' },
      asked && this.#files.button('receipt'),
      this.#files.button('export'),
      h('p', { class: 'small', role: 'status' }, this.#files.said));
  }

  #erase(): HTMLElement | undefined {
    if (!this.#session.begun) return undefined;
    const w = this.#own;
    const confirm = (on: boolean) => { this.#confirming = on; this.render(); };
    if (!this.#confirming) {
      const ask = button(w.erase, 'quiet wide', () => confirm(true));
      ask.dataset['key'] = 'erase';
      return h('div', { class: 'block' }, ask);
    }
    const yes = button(w.eraseYes, 'quiet', () => { confirm(false); this.#session.act({ t: 'erase' }); });
    yes.dataset['focus'] = '1';
    return h('div', { class: 'block' }, h('p', {}, w.eraseWhat),
      h('div', { class: 'choices' }, yes, button(w.cancel, 'quiet', () => confirm(false))));
  }

  #information(): HTMLElement | undefined {
    const { gdpr, policy_url: policy } = this.#session.config ?? {};
    if (!gdpr) return undefined;
    return h('div', { class: 'block gdpr', dir: 'auto' },
      h('h3', { tabindex: -1 }, gdpr.title),
      !!policy && h('p', {}, newTab(policy, this.#own.policy)),
      ...(gdpr.sections ?? []).flatMap((s) => [
        h('h4', {}, s.heading), ...(s.paragraphs ?? []).map((text) => h('p', {}, text)),
      ]));
  }
}
