// The privacy item: what the visitor agreed to, how to take it back, and who is responsible.

import { fill, type Words } from '../i18n/words';
import type { Session } from '../session';
import { button, h, iconButton, newTab } from './dom';
import { Format } from './format';

export class Privacy {
  readonly el: HTMLElement;
  readonly #body = h('div', { class: 'scroll', tabindex: 0 });
  readonly #heading: HTMLElement;
  readonly #format: Format;
  #sig = '';
  #confirming = false;

  readonly #session: Session;
  readonly #words: Words;
  readonly #purpose: (code: string) => string;
  readonly #back: (card: boolean) => void; // card: to one that was asked for

  constructor(
    session: Session,
    words: Words,
    purpose: (code: string) => string,
    back: (card: boolean) => void,
  ) {
    this.#session = session;
    this.#words = words;
    this.#purpose = purpose;
    this.#back = back;
    this.#format = new Format(words);
    this.#heading = h('h2', { tabindex: -1, id: 'privacy' }, words.privacy.title);
    this.el = h('section', { class: 'sheet', hidden: true, 'aria-labelledby': 'privacy' },
      h('header', {}, iconButton('back', words.privacy.back, () => back(false)), this.#heading), this.#body);
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
    const { config, begun } = this.#session;
    const sig = JSON.stringify([state?.consents, state?.held, !!config, this.#confirming, begun, seq > 0, this.#busy()]);
    if (sig === this.#sig && this.#body.firstChild) return;
    this.#sig = sig;
    const held = this.#body.querySelector(':focus');
    this.#body.replaceChildren(h('div', {}, this.#consents(), this.#erase(), this.#information()));
    // A button that did its work is gone; focus stays in the sheet.
    if (held) (this.#body.querySelector<HTMLElement>('[data-focus]') ?? this.#heading).focus();
  }

  #busy(): string {
    return this.#session.own.items.filter((i) => i.frame.t === 'withdraw' || i.frame.t === 'erase').map((i) => i.status).join();
  }

  #consents(): HTMLElement {
    const { privacy: w, field } = this.#words;
    const all = Object.entries(this.#session.log.state?.consents ?? {});
    const granted = all.filter(([, c]) => c.status === 'granted').map(([code]) => code);
    const held = this.#session.log.state?.held ?? [];
    if (!all.length && !held.length) return h('div', { class: 'block' }, h('p', {}, w.none));
    return h('div', { class: 'block' },
      h('h3', {}, w.purposes),
      ...all.map(([code, c]) => {
        const at = c.at ? this.#format.moment(this.#session.serverTime(c.at)) : '';
        const status = w.status[c.status] ?? w.status[''] ?? c.status;
        return h('div', { class: 'purpose', 'data-purpose': code, 'data-status': c.status },
          h('div', {}, h('strong', { dir: 'auto' }, this.#purpose(code)), h('p', { class: 'small' }, fill(status, { at }))),
          c.status === 'granted' ? this.#act(w.withdraw, code, () => this.#withdraw([code]))
            : c.status !== 'not_required' && this.#act(w.change, code, () => this.#change(code)));
      }),
      held.length > 0 && h('p', { class: 'small' }, fill(w.held, { what: held.map((f) => field[f] ?? f).join(', ') })),
      granted.length > 1 && button(w.withdrawAll, 'quiet wide', () => this.#withdraw(granted)));
  }

  #act(label: string, code: string, click: () => void): HTMLElement {
    const b = button(label, 'quiet', click);
    b.ariaLabel = `${label}: ${this.#purpose(code)}`;
    return b;
  }

  #withdraw(purposes: string[]): void {
    this.#session.act({ t: 'withdraw', purposes });
  }

  #change(code: string): void {
    this.#session.act({ t: 'ask_card', purposes: [code] });
    this.#back(true);
  }

  #erase(): HTMLElement | undefined {
    if (!this.#session.begun) return undefined;
    const w = this.#words.privacy;
    const confirm = (on: boolean) => { this.#confirming = on; this.render(); };
    if (!this.#confirming) return h('div', { class: 'block' }, button(w.erase, 'quiet wide', () => confirm(true)));
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
      !!policy && h('p', {}, newTab(policy, this.#words.privacy.policy)),
      ...(gdpr.sections ?? []).flatMap((s) => [
        h('h4', {}, s.heading), ...(s.paragraphs ?? []).map((text) => h('p', {}, text)),
      ]));
  }
}
