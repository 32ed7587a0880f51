// The loader: all that a page gets before the visitor uses the widget. It shows the launcher,
// queues commands, and brings the rest on first use. It stores nothing and asks for nothing.

import type { App, Context, Look } from './context';
import style from './launcher.css';

declare const VERSION: string;
declare const LOOK: Look;

type Handler = (data?: unknown) => void;
interface API { (command: string, ...args: unknown[]): unknown; q?: IArguments[]; v?: number }

const page = window as unknown as { zgoda?: API };
const doc = document;
const tag = 'zgoda-chat';

function start(script: HTMLScriptElement): void {
  const { site = LOOK.site!, locale, launcher, hidden, wait } = script.dataset;
  const base = new URL(script.src).origin;
  let handlers: [string, Handler, unknown][] = [];
  let waiting: unknown[][] = [];
  let app: App | undefined;
  let coming: Promise<void> | undefined;
  let misses = '';
  let ready = false;
  let gone = false;
  let held = wait != null; // until the page says load

  // A failed import may be remembered by its address; another address asks again.
  const part = (name: string) => import(`${base}/widget/${name}-${VERSION}.js${misses}`);
  const speak = (l: string) => (/^(pl|de|cs|ar|he)/i.exec(l)?.[0] ?? 'en').toLowerCase();

  const emit = (name: string, data?: unknown) => {
    handlers = handlers.filter(([event, handler, once]) => {
      // Later, so that a handler may call back into the widget.
      if (event === name) setTimeout(handler, 0, data);
      return event !== name || !once;
    });
  };

  const host = doc.createElement(tag);
  const root = host.attachShadow({ mode: 'open' });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  root.adoptedStyleSheets = [sheet];
  host.style.cssText = LOOK.css!;
  const button = doc.createElement('button');
  button.className = 'launcher';
  button.ariaExpanded = 'false';
  button.append(doc.createElement('span'));
  root.append(button);

  const context: Context = {
    base, site, host, root, emit, part, speak,
    locale: speak(locale || doc.documentElement.lang || navigator.language),
    launcher: button,
    // name writes the launcher's own text and answers what it is called.
    name: (l, name) => {
      const text = button.firstChild!.textContent = LOOK.text?.[l] ?? LOOK.text?.[''] ?? '';
      button.ariaLabel = (text && text + ' – ') + name;
    },
  };
  context.name(context.locale, LOOK.open?.[context.locale] ?? 'Chat');

  const bring = () => {
    if (held || gone) return;
    coming ??= Promise.all([part('app'), part(context.locale)]).then(
      async ([module, words]) => {
        if (gone) return;
        host.toggleAttribute('data-failed', false);
        app = (await module.start(context, words.default)) as App;
        for (const [command, ...args] of waiting) app.run(command as string, args);
      },
      (e) => {
        coming = undefined;
        misses += '?';
        host.toggleAttribute('data-failed', true);
        emit('error', { code: 'load', message: `${e}` });
      },
    );
  };

  // Frameworks that swap the page's body take the launcher with it; it goes back in.
  const observer = new MutationObserver(() => attach());
  const attach = () => {
    observer.disconnect();
    if (!host.isConnected) {
      // A page that came back from a framework's cache holds a dead copy.
      doc.querySelector(tag)?.remove();
      doc.body.append(host);
      app?.run('moved', []);
    }
    for (const el of [doc.documentElement, doc.body]) observer.observe(el, { childList: true });
  };

  const onClick = (e: Event) => {
    if (launcher && (e.target as Element).closest?.(launcher)) api('toggle');
  };

  const show = () => {
    if (gone || held || ready || !doc.body) return;
    attach();
    ready = true;
    emit('ready');
    try {
      // Somebody who has acted before finds the conversation as it was.
      if (localStorage.getItem(`zgoda:${site}`)) bring();
    } catch {
      // Storage is refused: nothing was kept.
    }
    if (waiting.some(([command]) => command === 'open')) bring();
  };

  const api: API = (command, ...args) => {
    const [name, handler] = args as [string, Handler];
    if (/^on/.test(command)) {
      if (name === 'ready' && ready) setTimeout(handler);
      else handlers.push([name, handler, command[2]]);
    } else if (command === 'off') {
      handlers = handlers.filter((h) => h[0] !== name || (handler && h[1] !== handler));
    } else if (/^(show|hide)$/.test(command)) button.hidden = command === 'hide';
    else if (command === 'load') {
      held = false;
      show();
    } else if (command === 'destroy') {
      gone = true;
      app?.run(command, args);
      observer.disconnect();
      doc.removeEventListener('click', onClick);
      host.remove();
      if (page.zgoda === api) delete page.zgoda;
    } else if (app) return app.run(command, args);
    else if (command === 'get') throw Error('zgoda: not loaded yet');
    else {
      // Nothing is open yet: a second press must not close what the first one asked for.
      const opens = /^(open|toggle)$/.test(command);
      waiting.push([opens ? 'open' : command, ...args]);
      if (opens) bring();
    }
    return undefined;
  };
  api.v = 1;

  button.onpointerenter = button.onfocus = bring;
  button.onclick = () => api('toggle');
  button.hidden = !!launcher || hidden != null;
  doc.addEventListener('click', onClick);

  const queued = page.zgoda?.q ?? [];
  page.zgoda = api;
  for (const a of queued) api(...([...a] as unknown as [string]));
  if (doc.body) show();
  else addEventListener('DOMContentLoaded', show);
}

if (!page.zgoda?.v) {
  // A framework that runs scripts by itself may leave currentScript empty.
  start((doc.currentScript ?? doc.querySelector('script[src*="/widget.js"]')) as HTMLScriptElement);
}
