// The loader: all that a page gets before the visitor uses the widget. It shows the launcher,
// queues commands, and brings the rest on first use. It stores nothing and asks for nothing.

import type { App, Context } from './context';
import style from './launcher.css';

declare const ASSETS: Record<string, string>;

type Handler = (data?: unknown) => void;
interface API { (command: string, ...args: unknown[]): unknown; q?: IArguments[]; v?: number }

const page = window as unknown as { zgoda?: API };
// The launcher's name until the words of its language are there: one per locale.
const labels: Record<string, string> = { pl: 'Otwórz czat', en: 'Open chat' };

function start(script: HTMLScriptElement): void {
  const { site = 'demo', locale, color, position, launcher, hidden } = script.dataset;
  const base = new URL(script.src).origin;
  let handlers: [string, Handler, boolean][] = [];
  let waiting: unknown[][] = [];
  let app: App | undefined;
  let coming: Promise<void> | undefined;
  let misses = 0;
  let ready = false;
  let gone = false;

  const wanted = () => locale || document.documentElement.lang || navigator.language || 'en';
  const known = (l: string) => ((l = l.slice(0, 2).toLowerCase()) in labels ? l : 'en');
  // A failed import may be remembered by its address; another address asks again.
  const load = (name: string) => import(`${base}/widget/${name}-${ASSETS[name]}.js${misses ? `?${misses}` : ''}`);

  const emit = (name: string, data?: unknown) => {
    handlers = handlers.filter(([event, handler, once]) => {
      // Later, so that a handler may call back into the widget.
      if (event === name) setTimeout(handler, 0, data);
      return event !== name || !once;
    });
  };

  const host = document.createElement('div');
  const root = host.attachShadow({ mode: 'open' });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  root.adoptedStyleSheets = [sheet];
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'launcher';
  button.ariaLabel = labels[known(wanted())]!;
  button.ariaExpanded = 'false';
  if (color) host.style.setProperty('--accent', color);
  if (position) host.dataset['side'] = position;
  const draw = (tag: string, name: string, value: string) => {
    const el = document.createElementNS('http://www.w3.org/2000/svg', tag);
    el.setAttribute(name, value);
    return el;
  };
  const svg = draw('svg', 'viewBox', '0 0 24 24');
  svg.append(draw('path', 'd', 'M12 3.5c-5 0-9 3.4-9 7.7 0 2.5 1.4 4.7 3.5 6.1-.1 1.2-.6 2.3-1.5 3.2 1.9-.1 3.6-.8 4.9-1.8.7.1 1.4.2 2.1.2 5 0 9-3.4 9-7.7s-4-7.7-9-7.7Z'));
  button.append(svg);
  root.append(button);

  const context: Context = {
    base, site, host, root, emit,
    locale: wanted(),
    launcher: button,
    words: async (l) => (await load(known(l))).default,
  };

  const bring = () => {
    coming ??= Promise.all([load('app'), context.words(context.locale)]).then(
      async ([module, words]) => {
        if (gone) return;
        app = (await module.start(context, words)) as App;
        for (const [command, ...args] of waiting.splice(0)) app.run(command as string, args);
      },
      (e) => {
        coming = undefined;
        misses++;
        emit('error', { code: 'load', message: String(e) });
      },
    );
  };

  // Frameworks that swap the page's body take the launcher with it; it goes back in.
  const observer = new MutationObserver(() => attach());
  const attach = () => {
    if (!host.isConnected) document.body.append(host);
    observer.observe(document.documentElement, { childList: true });
    observer.observe(document.body, { childList: true });
  };

  const onClick = (e: Event) => {
    if (launcher && (e.target as Element).closest?.(launcher)) api('toggle');
  };

  const api: API = (command, ...args) => {
    const [name, handler] = args as [string, Handler];
    if (command === 'on' || command === 'once') {
      if (name === 'ready' && ready) setTimeout(handler);
      else handlers.push([name, handler, command === 'once']);
    } else if (command === 'off') {
      handlers = handlers.filter((h) => h[0] !== name || (handler && h[1] !== handler));
    } else if (command === 'show' || command === 'hide') button.hidden = command === 'hide';
    else if (command === 'destroy') {
      gone = true;
      app?.run(command, args);
      observer.disconnect();
      document.removeEventListener('click', onClick);
      host.remove();
      if (page.zgoda === api) delete page.zgoda;
    } else if (app) return app.run(command, args);
    else if (command === 'get') throw Error('zgoda: not loaded yet');
    else {
      waiting.push([command, ...args]);
      if (/^(open|toggle)$/.test(command)) bring();
    }
    return undefined;
  };
  api.v = 1;

  button.onpointerenter = button.onfocus = bring;
  button.onclick = () => api('toggle');
  button.hidden = !!launcher || hidden !== undefined;
  if (launcher) document.addEventListener('click', onClick);

  const queued = page.zgoda?.q ?? [];
  page.zgoda = api;
  for (const a of queued) api(...(Array.from(a) as [string]));
  const show = () => {
    if (gone) return;
    attach();
    ready = true;
    emit('ready');
    try {
      // Somebody who has acted before finds the conversation as it was.
      if (localStorage.getItem(`zgoda:${site}`)) bring();
    } catch {
      // Storage is refused: nothing was kept.
    }
  };
  if (document.body) show();
  else addEventListener('DOMContentLoaded', show);
}

if (!page.zgoda?.v) {
  start(document.currentScript as HTMLScriptElement);
}
