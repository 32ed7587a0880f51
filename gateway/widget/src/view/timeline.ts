// The log on screen: committed events, own lines under way, dividers and typing dots.

import { fill, type Words } from '../i18n/words';
import { stuck, type Item } from '../outbox';
import { OF_GREETING, type Event } from '../protocol';
import type { Session } from '../session';
import { cardView, type CardActs, type CardState } from './card';
import { h, Rows, still, type Row } from './dom';
import { dayOf, Format } from './format';
import { bubble, decisionText, isolated, note, options, pending, plain, reason } from './line';

export class Timeline {
  readonly el = h('div', { class: 'lines' });
  readonly dots: HTMLElement;
  readonly #rows = new Rows(this.el);
  readonly #format: Format;
  // Newest seq that is on screen: a live bot line waits for its typing delay.
  #shown = 0;
  #due = 0;

  readonly #session: Session;
  readonly #words: Words;
  readonly #acts: CardActs;
  readonly #load: (locale: string) => Promise<Words>;
  readonly #changed: () => void;
  readonly #others: Record<string, Words | undefined>;

  constructor(
    session: Session,
    words: Words,
    acts: CardActs,
    load: (locale: string) => Promise<Words>,
    changed: () => void,
  ) {
    this.#session = session;
    this.#words = words;
    this.#acts = acts;
    this.#load = load;
    this.#changed = changed;
    this.#others = { [words.locale]: words };
    this.#format = new Format(words);
    this.dots = h('div', { class: 'dots', hidden: true },
      h('span', { class: 'sr' }, `${words.who['bot']} ${words.typing}`), h('i'), h('i'), h('i'));
  }

  // reveal shows everything at once: the visitor went on, or does not want motion.
  reveal(): void {
    clearTimeout(this.#due);
    this.#due = 0;
    this.#shown = this.#session.log.seq;
  }

  // pace lets live bot lines come as if typed. Everything else shows at once.
  pace(fresh: Event[], replay: boolean): void {
    const person = fresh.some((e) => e.from === 'operator');
    if (replay || still() || document.hidden || person || this.#shown > this.#session.log.seq) this.reveal();
    else if (!this.#due) this.#step();
  }

  #step(): void {
    this.#due = 0;
    for (const e of this.#session.log.events) {
      if (e.seq <= this.#shown) continue;
      const seen = this.#session.own.keys.get(e.id)?.startsWith('greeting');
      const wait = e.from === 'bot' && !seen ? Math.min(e.delay_ms ?? 0, 1500) : 0;
      if (wait > 0) {
        this.#due = setTimeout(() => {
          this.#shown = Math.max(this.#shown, e.seq);
          this.#step();
          this.#changed();
        }, wait);
        return;
      }
      this.#shown = e.seq;
    }
  }

  visible(): Event[] {
    const { events } = this.#session.log;
    return this.#shown < this.#session.log.seq ? events.filter((e) => e.seq <= this.#shown) : events;
  }

  // render brings the screen in step and answers what it made.
  render(): HTMLElement[] {
    if (this.#session.log.seq < this.#shown) this.#shown = this.#session.log.seq;
    const typing = this.#due > 0 || this.#session.typing > Date.now();
    this.dots.hidden = !typing;
    return this.#rows.sync(this.#list());
  }

  #list(): Row[] {
    const { log, config, own } = this.#session;
    const local = own.items;
    const events = this.visible();
    const rows: Row[] = [];
    if (!events.length && !log.seq) (config?.greeting ?? []).forEach((e, i) => this.#event(rows, e, `greeting${i}`, config!.greeting![i + 1]));
    const settled = local.filter(stuck);
    let day = '';
    events.forEach((e, i) => {
      while (settled[0] && settled[0].after < e.seq) this.#own(rows, settled.shift()!);
      const at = this.#session.serverTime(e.at);
      if (dayOf(at) !== day) {
        const first = !day;
        day = dayOf(at);
        const name = this.#format.dayName(at);
        if (!first || name !== this.#words.today) {
          rows.push({ key: `day${day}`, sig: name, make: () => h('div', { class: 'day' }, h('span', {}, name)) });
        }
      }
      this.#event(rows, e, this.#session.own.keys.get(e.id) ?? e.id, events[i + 1]);
    });
    for (const i of settled) this.#own(rows, i);
    for (const i of local) if (!stuck(i)) this.#own(rows, i);
    return rows;
  }

  #event(rows: Row[], e: Event, key: string, next?: Event): void {
    const at = e.at ? this.#session.serverTime(e.at) : 0;
    const words = this.#words;
    const format = this.#format;
    const tail = !next || next.from !== e.from || next.kind === 'card' || next.at - e.at > 60_000;
    const changed = words.changed[e.kind];
    if (changed || e.kind === 'decision' || e.kind === 'withdrawal') {
      const text = changed ? fill(changed, { name: isolated(e.name ?? '') }) : decisionText(e, words, (code) => this.purpose(code));
      rows.push({ key, sig: `${text}${at}`, make: () => note(text, at, format) });
      return;
    }
    if (e.text?.length || e.link || e.image) {
      const text = plain(e.text, words);
      const read = e.from === 'visitor' && e.seq <= (this.#session.log.state?.seen ?? 0);
      const sig = `${text}|${tail}|${at}|${read}`;
      if (e.from === 'system') rows.push({ key, sig, make: () => note(text, at, format) });
      else rows.push({ key, sig, make: () => bubble(e, tail, read, at, words, format) });
    }
    if (e.options?.length) this.#options(rows, e, key);
    if (e.card) this.#card(rows, e, key);
    if (e.kind === 'end') rows.push({ key: `${key}end`, sig: '', make: () => note(words.ended, 0, format) });
  }

  #options(rows: Row[], e: Event, key: string): void {
    const { log, config, own } = this.#session;
    const local = own.items;
    const greeting = e.seq === 0;
    const expect = greeting ? config?.expect : log.state?.expect;
    const busy = local.some((i) => i.status === 'sending' || i.status === 'late');
    const current = expect?.prompt === e.id;
    const pressable = current && !busy;
    const of = greeting ? OF_GREETING : e.id;
    const press = local.find((i) => i.frame.t === 'press' && i.frame.of === of && i.status !== 'refused');
    const pressed = press?.frame.t === 'press' ? press.frame.choice : log.events.find((x) => x.from === 'visitor' && x.of === e.id)?.choice;
    rows.push({
      key: `${key}options`,
      sig: `${e.id}|${pressable}|${pressed}`,
      make: () => options(e, pressable, pressed, this.#words, (id, label) => this.#session.act({ t: 'press', of, choice: id }, label)),
    });
  }

  #card(rows: Row[], e: Event, key: string): void {
    const card = e.card!;
    const state = this.#cardState(e);
    const own = this.#spoken(card.locale);
    rows.push({ key: `${key}card`, sig: `${card.request}|${state}|${!own}`, make: () => cardView(card, state, own, this.#words, this.#acts) });
  }

  // spoken answers the words of a locale, or nothing while they come and where there are none.
  #spoken(locale: string): Words | undefined {
    const l = locale.slice(0, 2);
    const have = this.#others;
    if (!(l in have)) {
      have[l] = undefined;
      this.#load(l).then((w) => {
        if (w.locale !== l) return;
        have[l] = w;
        this.#changed();
      }, () => delete have[l]);
    }
    return have[l];
  }

  #cardState(e: Event): CardState {
    const { log, own } = this.#session;
    const local = own.items;
    const request = e.card!.request;
    const decision = log.events.find((x) => x.kind === 'decision' && x.request === request);
    if (decision) return decision.answer === 'grant' ? 'granted' : 'declined';
    const decide = local.find((i) => i.frame.t === 'decide' && i.frame.request === request);
    if (decide && !stuck(decide)) return 'saving';
    const expected = log.state?.expect.prompt === e.id;
    const latest = log.events.filter((x) => x.card).pop() === e;
    return expected || (latest && log.state?.owner === 'operator') ? 'open' : 'stale';
  }

  #own(rows: Row[], i: Item): void {
    const words = this.#words;
    const format = this.#format;
    const f = i.frame;
    const text = f.t === 'say' ? f.text : f.t === 'press' ? i.label ?? '' : '';
    if (text) {
      const sig = `${text}|${i.status}|${i.code}`;
      rows.push({ key: i.key, sig, make: () => pending(i, text, words, format, () => this.#session.resend(i)) });
    } else if (stuck(i)) {
      const why = i.status === 'failed' ? words.line.failed : reason(i, words);
      rows.push({ key: i.key, sig: why, make: () => note(why, 0, format) });
    }
  }

  // purpose is what a purpose was called when it was asked for.
  purpose(code: string): string {
    for (const e of this.#session.log.events) {
      const named = e.card?.purposes?.find((p) => p.code === code);
      if (named) return named.text;
    }
    return this.#words.purpose[code] ?? code;
  }
}
