// The widget behind the loader: commands in, events out, one panel.

import type { App, Context } from './context';
import { longestWait } from './connection';
import { fill, type Words } from './i18n/words';
import { theirs, type Event } from './protocol';
import { Session } from './session';
import { h } from './view/dom';
import { masked } from './page';
import { Panel } from './view/panel';
import style from './view/style.css';

// start works in short tasks: the page has other things to do.
export async function start(ctx: Context, words: Words): Promise<App> {
  await pause();
  const widget = new Widget(ctx, words);
  await pause();
  widget.build();
  await pause();
  widget.begin();
  return widget;
}

function pause(): Promise<void> {
  return new Promise((done) => setTimeout(done));
}

class Widget implements App {
  readonly #session: Session;
  readonly #badge = h('span', { class: 'badge', hidden: true, 'aria-hidden': 'true' });
  readonly #abort = new AbortController();
  #panel!: Panel;
  #opener: Element | null = null;
  #unread = 0;
  #phase = 'idle';
  #consents = '{}';
  #timer = 0;

  readonly #ctx: Context;
  #words: Words;

  constructor(ctx: Context, words: Words) {
    this.#ctx = ctx;
    this.#words = words;
    this.#session = new Session(ctx);
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    ctx.root.adoptedStyleSheets = [...ctx.root.adoptedStyleSheets, sheet];
    ctx.launcher.append(this.#badge);
  }

  begin(): void {
    const on = (target: EventTarget, name: string, act: (e: never) => void) =>
      target.addEventListener(name, act as EventListener, { signal: this.#abort.signal });
    const session = this.#session;
    on(window, 'online', () => {
      session.line.nudge();
      if (session.configError) void session.load(this.#words.locale);
      session.changed();
    });
    on(window, 'offline', () => { session.line.again(longestWait); session.changed(); });
    on(document, 'visibilitychange', () => {
      if (document.hidden) return;
      session.line.nudge();
      this.#seen();
    });
    on(window, 'pagehide', () => { this.#keepDraft(); session.leave(); });
    on(window, 'pageshow', (e: PageTransitionEvent) => { if (e.persisted) session.comeBack(); });
    on(window, 'storage', (e: StorageEvent) => { if (e.key === session.store.key || e.key === null) this.#otherTab(); });
    session.start({
      changed: () => { this.#report(); this.#panel.changed(); },
      arrived: (events, replay) => this.#arrived(events, replay),
    });
    const { open, draft } = session.store.visitor() ?? {};
    if (draft) this.#panel.composer.prefill(draft);
    if (open) this.#open(false);
    else if (!session.begun) void session.load(this.#words.locale);
  }

  run(command: string, args: unknown[]): unknown {
    const arg = String(args[0] ?? '');
    switch (command) {
      case 'open': return this.#open(true);
      case 'close': return this.#close();
      case 'toggle': return this.#panel.opened ? this.#close() : this.#open(true);
      case 'prefill': return this.#panel.composer.prefill(arg);
      case 'page': return this.#page(arg);
      case 'identify': return this.#identify(arg, String(args[1] ?? ''));
      case 'locale': return void this.#speak(arg);
      case 'reset': return this.#reset();
      case 'moved': return this.#panel.moved();
      case 'destroy': return this.#destroy();
      case 'get': return this.#get(arg);
      default: return console.error(`zgoda: there is no command "${command}"`);
    }
  }

  #get(name: string): unknown {
    const session = this.#session;
    switch (name) {
      case 'open': return this.#panel.opened;
      case 'unread': return this.#unread;
      case 'state': return session.line.phase;
      case 'consents': return structuredClone(session.log.state?.consents ?? {});
      default: throw new Error(`zgoda: there is no value "${name}"`);
    }
  }

  build(): void {
    const ctx = this.#ctx;
    const session = this.#session;
    const words = this.#words;
    this.#panel = new Panel(ctx, session, words, () => this.#close(), () => void session.load(words.locale));
    ctx.root.prepend(this.#panel.el);
    this.#launcher();
  }

  #open(focus: boolean): void {
    if (this.#panel.opened) return;
    // The page's own button, where there is one, gets the focus back.
    this.#opener = document.activeElement;
    void this.#session.load(this.#words.locale);
    this.#panel.open(focus);
    this.#session.store.update({ open: true });
    this.#seen();
    this.#launcher();
    this.#ctx.emit('opened');
  }

  #close(): void {
    if (!this.#panel.opened) return;
    const inside = this.#panel.el.contains(this.#ctx.root.activeElement);
    this.#panel.hide();
    this.#session.store.update({ open: false });
    this.#launcher();
    this.#keepDraft();
    const { launcher, host } = this.#ctx;
    if (inside) {
      if (!launcher.hidden) launcher.focus();
      else if (this.#opener !== host) (this.#opener as HTMLElement | null)?.focus?.();
    }
    this.#ctx.emit('closed');
  }

  #arrived(events: Event[], replay: boolean): void {
    this.#panel.arrived(events, replay);
    const now = this.#session.log.state?.consents ?? {};
    const consents = JSON.stringify(now);
    if (!replay && consents !== this.#consents) this.#ctx.emit('consent:changed', now);
    this.#consents = consents;
    if (!replay) {
      for (const { id, from, kind } of events.filter(theirs)) this.#ctx.emit('message:received', { id, from, kind });
    }
    if (this.#panel.opened && !document.hidden) {
      this.#seen();
      return;
    }
    const seen = this.#session.store.visitor()?.seen ?? 0;
    this.#count(this.#session.log.events.filter((e) => e.seq > seen && theirs(e)).length);
  }

  #seen(): void {
    if (!this.#panel.opened) return;
    this.#count(0);
    const { seq } = this.#session.log;
    const { store, line, log } = this.#session;
    if (!seq || store.visitor()?.seen === seq) return;
    store.update({ seen: seq });
    // A person on the other side likes to know.
    if (log.state?.owner === 'operator') line.send({ t: 'seen', seq });
  }

  #count(n: number): void {
    if (n === this.#unread) return;
    this.#unread = n;
    this.#launcher();
    this.#ctx.emit('unread', n);
  }

  #launcher(): void {
    const { launcher } = this.#ctx;
    const { opened } = this.#panel;
    this.#badge.hidden = !this.#unread;
    this.#badge.textContent = this.#unread > 99 ? '99+' : String(this.#unread);
    launcher.ariaExpanded = String(opened);
    const name = [opened ? this.#words.close : this.#words.open, this.#unread && fill(this.#words.unread, { n: this.#unread })].filter(Boolean).join(' – ');
    this.#ctx.name(this.#words.locale, name);
    this.#ctx.host.toggleAttribute('data-open', opened);
  }

  // report tells the page about the line, and keeps typing dots from sticking.
  #report(): void {
    const { phase } = this.#session.line;
    if (phase !== this.#phase) {
      this.#phase = phase;
      this.#ctx.emit('state', phase);
    }
    const left = this.#session.typing - Date.now();
    clearTimeout(this.#timer);
    if (left > 0) this.#timer = setTimeout(() => this.#panel.changed(), left + 50);
  }

  #otherTab(): void {
    this.#session.comeBack();
    this.#panel.changed();
  }

  async #speak(locale: string): Promise<void> {
    const { part, speak } = this.#ctx;
    const words = (await part(speak(locale))).default as Words;
    if (words.locale === this.#words.locale) return;
    this.#words = words;
    const { opened, composer } = this.#panel;
    const draft = composer.field.value;
    this.#panel.el.remove();
    this.build();
    this.#panel.composer.prefill(draft);
    this.#session.config = undefined;
    await this.#session.load(locale);
    this.#panel.timeline.reveal();
    if (opened) this.#panel.open(false);
  }

  #page(page: string): void {
    try {
      this.#session.page = masked(page);
    } catch {
      return this.#ctx.emit('error', { code: 'page', message: 'page needs a path' });
    }
    // Another page may have another greeting.
    void this.#session.load(this.#words.locale);
  }

  // identify keeps the name in this document alone. It goes out with the conversation, which it does
  // not begin.
  #identify(id: string, proof: string): void {
    if (!id || id.length > 200 || !/^[0-9a-f]{64}$/.test(proof)) {
      this.#ctx.emit('error', { code: 'identity_invalid', message: 'identify needs an id and its HMAC-SHA-256 in hex, made on your server' });
      return;
    }
    this.#session.identify({ id, proof });
  }

  #reset(): void {
    this.#panel.composer.prefill('');
    this.#session.identity = undefined;
    this.#session.forget();
  }

  // keepDraft lets a line that was begun survive a walk to another page.
  #keepDraft(): void {
    const draft = this.#panel.composer.field.value.slice(0, 2000) || undefined;
    if (this.#session.store.visitor()?.draft !== draft) this.#session.store.update({ draft });
  }

  #destroy(): void {
    this.#abort.abort();
    clearTimeout(this.#timer);
    this.#session.leave();
    this.#panel.el.remove();
  }
}
