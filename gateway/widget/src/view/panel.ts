// The chat panel: header, log, composer, and the privacy sheet over them.

import type { Context } from '../context';
import { fill, type Words } from '../i18n/words';
import type { Event } from '../protocol';
import type { Session } from '../session';
import { Banner, notice } from './banner';
import { Composer } from './composer';
import { button, h, icon, iconButton, safeURL, still } from './dom';
import { isolated, plain, who } from './line';
import type { Privacy, PrivacyActs } from '../parts/privacy';
import { Timeline } from './timeline';

export class Panel {
  readonly el: HTMLElement;
  readonly composer: Composer;
  readonly timeline: Timeline;
  opened = false;
  readonly #banner = new Banner();
  readonly #scroll: HTMLElement;
  readonly #older: HTMLButtonElement;
  readonly #pill: HTMLButtonElement;
  readonly #live = h('div', { class: 'sr', 'aria-live': 'polite' });
  readonly #name = h('bdi');
  readonly #status = h('span', { class: 'status' });
  readonly #avatar = h('span', { class: 'avatar', 'aria-hidden': 'true' });
  readonly #hint = h('p', { class: 'hint' });
  readonly #shield: HTMLButtonElement;
  #privacy: Privacy | undefined;
  #coming: Promise<void> | undefined;
  #soon = 0;
  #missing = false; // the privacy item could not be loaded
  #oldest = 0;
  #at = 0; // where the log was scrolled to
  #scheduled = false;
  #typed = 0;
  #stuck = true; // the newest line is in view and stays so
  #awaited = false; // a card was asked for and gets the focus
  #erased = false;

  readonly #ctx: Context;
  readonly #session: Session;
  readonly #words: Words;
  readonly #close: () => void;
  readonly #retry: () => void;

  constructor(
    ctx: Context,
    session: Session,
    words: Words,
    close: () => void,
    retry: () => void,
  ) {
    this.#ctx = ctx;
    this.#session = session;
    this.#words = words;
    this.#close = close;
    this.#retry = retry;
    this.timeline = new Timeline(session, words, {
      decide: (request, answer) => {
        this.#stuck = true;
        session.act({ t: 'decide', request, answer });
      },
      information: () => void this.#openPrivacy(true),
    }, async (l) => (await ctx.part(ctx.speak(l))).default, () => this.changed());
    this.composer = new Composer(words, (text) => this.#say(text), () => this.#type());
    this.#older = button(words.older, 'small-button older', () => session.older());
    this.#pill = button(icon('down'), 'pill', () => this.#toEnd(true));
    this.#pill.append(words.newer);
    this.#older.hidden = this.#pill.hidden = true;
    this.#scroll = h('div', {
      class: 'scroll', role: 'log', 'aria-live': 'off', 'aria-label': words.log, tabindex: 0, scroll: () => this.#scrolled(),
    }, this.#older, this.timeline.el, this.timeline.dots);
    this.#shield = iconButton('shield', words.privacy, () => void this.#openPrivacy(false));
    this.el = this.#build();
  }

  #build(): HTMLElement {
    const words = this.#words;
    return h('section', {
      class: 'panel', role: 'dialog', hidden: true, tabindex: -1, lang: words.locale,
      keydown: (e: KeyboardEvent) => this.#key(e),
    },
    h('div', { class: 'head' }, this.#avatar, h('div', { class: 'who' }, h('strong', {}, this.#name), this.#status),
      this.#shield, iconButton('close', words.close, () => this.#close())),
    this.#banner.el,
    h('div', { class: 'main' }, this.#scroll, this.#pill),
    h('div', { class: 'foot' }, this.composer.el, this.#hint),
    this.#live);
  }

  open(focus: boolean): void {
    this.opened = true;
    this.el.hidden = false;
    this.#stuck = true;
    this.render();
    this.#toEnd(false);
    // A touch keyboard over the greeting would hide what there is to read.
    if (focus) (matchMedia('(pointer: coarse)').matches ? this.el : this.composer.field).focus({ preventScroll: true });
  }

  hide(): void {
    this.opened = false;
    this.el.hidden = true;
    this.#cover(false);
  }

  // changed collects changes of one moment into one rendering.
  changed(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.render();
    });
  }

  // arrived speaks what is new, and only that.
  arrived(fresh: Event[], replay: boolean): void {
    this.timeline.pace(fresh, replay);
    if (replay || !this.opened) return;
    for (const e of fresh) {
      if (e.from === 'visitor' || this.#session.own.keys.get(e.id)?.startsWith('greeting')) continue;
      const text = [plain(e.text, this.#words), e.card && `${e.card.title}. ${e.card.body}`, ...(e.options ?? []).map((o) => o.label)].filter(Boolean).join('. ');
      if (!text) continue;
      const line = h('p', {}, `${who(e, this.#words)}: ${text}`);
      this.#live.append(line);
      setTimeout(() => line.remove(), 10_000);
    }
  }

  render(): void {
    const s = this.#session;
    const words = this.#words;
    const name = s.config?.name ?? '';
    this.#name.textContent = name;
    this.#face(name);
    this.el.ariaLabel = fill(words.chat, { name });
    this.el.dir = words.dir;
    this.#head();
    this.#banner.render(this.#missing ? { text: words.loadFailed, label: words.retry, act: () => void this.#openPrivacy(false) } : notice(s, words, this.#retry));
    this.composer.limits = s.line.limits ?? s.config?.limits;
    this.composer.expect(s.log.seq ? s.log.state?.expect : s.config?.expect);
    this.composer.allow(!!s.config || s.begun);
    const hint = s.begun || s.erased ? '' : words.nothingKept;
    if (this.#hint.textContent !== hint) this.#hint.textContent = hint;
    if (s.erased && !this.#erased && this.#covered) this.#closePrivacy();
    this.#erased = s.erased;
    this.#privacy?.render();
    if (this.opened) this.#lines();
    // Whoever has begun may want to withdraw while there is no network.
    if (s.line.phase === 'online' && !this.#soon) this.#soon = setTimeout(() => void this.#bring(), 400);
  }

  #face(name: string): void {
    const url = this.#session.config?.look?.avatar;
    const key = url ?? [...name][0]?.toUpperCase() ?? '';
    if (this.#avatar.title === key) return;
    this.#avatar.title = key;
    const src = url && safeURL(url);
    this.#avatar.replaceChildren(src ? h('img', { src, alt: '', referrerpolicy: 'no-referrer' }) : key);
  }

  #head(): void {
    const s = this.#session;
    const words = this.#words;
    const { phase } = s.line;
    const { owner = '', name } = s.log.state ?? {};
    const said = name ? `${isolated(name)} – ${words.who['operator']}` : words.owner[owner] ?? words.owner['bot']!;
    const none = s.shut || (!s.config && !s.begun);
    const text = s.shut ? '' : none ? words.loading : phase === 'connecting' || phase === 'waiting' ? words.connecting : phase === 'stopped' ? words.stopped['']! : said;
    this.#status.textContent = text;
    this.#status.dataset['phase'] = none ? '' : phase;
  }

  #lines(): void {
    const scroll = this.#scroll;
    const first = this.#session.log.events[0]?.seq ?? 0;
    const before = this.#oldest && first < this.#oldest ? scroll.scrollHeight - scroll.scrollTop : 0;
    this.#oldest = first;
    this.#older.hidden = !this.#session.log.older;
    const focus = this.#ctx.root.activeElement;
    const inside = !!focus && scroll.contains(focus);
    const made = this.timeline.render();
    if (before) scroll.scrollTop = scroll.scrollHeight - before;
    else if (this.#stuck) this.#follow(made);
    else if (made.some((el) => el.classList.contains('their'))) this.#pill.hidden = false;
    const card = this.#awaited && made.find((el) => el.dataset['state'] === 'open');
    if (card) {
      this.#awaited = false;
      // Unless the visitor has gone on to something else.
      if (focus === this.#shield) card.focus({ preventScroll: true });
    }
    // A pressed button is made anew; focus must not fall out of the dialog.
    if (inside && !this.#ctx.root.activeElement) scroll.focus({ preventScroll: true });
  }

  #key(e: KeyboardEvent): void {
    if (e.key === 'Escape' && !e.isComposing) {
      e.stopPropagation();
      if (!this.#covered) this.#close();
      else this.#closePrivacy();
    }
    // Over the whole screen the page behind must not get the focus: nobody would see it.
    if (e.key !== 'Tab' || this.el.offsetWidth < innerWidth) return;
    const stops = [...this.el.querySelectorAll<HTMLElement>('button,textarea,a,[tabindex="0"]')]
      .filter((el) => el.getClientRects().length && !el.closest('[inert]') && !el.matches(':disabled'));
    const edge = stops[e.shiftKey ? 0 : stops.length - 1];
    if (this.#ctx.root.activeElement !== edge) return;
    e.preventDefault();
    stops[e.shiftKey ? stops.length - 1 : 0]?.focus();
  }

  // follow keeps the newest line in view; of a long card to be answered that is its beginning
  // under the line that came with it, since the answers stay in view by themselves.
  #follow(made: HTMLElement[]): void {
    this.#toEnd(false);
    const card = made.at(-1);
    if (!card || card.dataset['state'] !== 'open' || card.nextSibling || card.offsetHeight <= this.#scroll.clientHeight) return;
    this.#stuck = false;
    const above = card.previousElementSibling;
    const first = above && above.clientHeight < 99 ? above : card;
    this.#scroll.scrollTop += first.getBoundingClientRect().top - this.#scroll.getBoundingClientRect().top;
  }

  #say(text: string): void {
    this.timeline.reveal();
    this.#stuck = true;
    this.#session.say(text);
  }

  // type tells an operator that the visitor is writing, never what.
  #type(): void {
    if (this.#session.log.state?.owner !== 'operator' || Date.now() - this.#typed < 3000) return;
    this.#typed = Date.now();
    this.#session.line.send({ t: 'typing', on: true });
  }

  // moved: the page has taken the panel out and put it in again.
  moved(): void {
    if (this.#stuck) this.#toEnd(false);
    else this.#scroll.scrollTop = this.#at;
  }

  #scrolled(): void {
    const scroll = this.#scroll;
    if (!this.el.isConnected || !scroll.clientHeight) return;
    this.#at = scroll.scrollTop;
    this.#stuck = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 48;
    if (this.#stuck) this.#pill.hidden = true;
    if (scroll.scrollTop < 40 && scroll.scrollHeight > scroll.clientHeight) this.#session.older();
  }

  #toEnd(smooth: boolean): void {
    const gently = smooth && !still();
    this.#scroll.scrollTo({ top: this.#scroll.scrollHeight, behavior: gently ? 'smooth' : 'auto' });
    this.#stuck = true;
    this.#pill.hidden = true;
  }

  get #covered(): boolean {
    return !!this.#privacy && !this.#privacy.el.hidden;
  }

  // bring loads the privacy item once. A failure can be tried again.
  #bring(): Promise<void> {
    const { part, root } = this.#ctx;
    this.#coming ??= Promise.all([part('privacy'), part(`privacy-${this.#words.locale}`)]).then(([privacy, words]) => {
      const acts: PrivacyActs = {
        purpose: (code) => this.timeline.purpose(code),
        back: (card) => {
          this.#closePrivacy();
          this.#awaited = card;
          if (card) this.#stuck = true;
        },
      };
      this.#privacy = (privacy as typeof import('../parts/privacy')).make(root, this.#session, this.#words, words.default, acts);
      this.el.append(this.#privacy.el);
    }).catch(() => {
      this.#coming = undefined;
    });
    return this.#coming;
  }

  async #openPrivacy(information: boolean): Promise<void> {
    await this.#bring();
    this.#missing = !this.#privacy;
    this.changed();
    if (!this.opened || !this.#privacy) return;
    this.#cover(true);
    this.#privacy.show(information);
  }

  #closePrivacy(): void {
    this.#cover(false);
    this.#shield.focus();
  }

  // cover puts the privacy item over the rest, out of reach for keys and screen readers too.
  #cover(on: boolean): void {
    const sheet = this.#privacy?.el;
    if (!sheet) return;
    sheet.hidden = !on;
    for (const el of this.el.children) if (el !== sheet && el !== this.#live) el.toggleAttribute('inert', on);
  }
}
