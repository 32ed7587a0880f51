// Elements without innerHTML, which a page under Trusted Types refuses.

type Value = string | number | boolean | undefined | ((e: never) => void);
export type Child = Node | string | false | undefined | null;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K, attrs: Record<string, Value> = {}, ...kids: Child[]
): HTMLElementTagNameMap[K] {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(attrs)) {
    if (typeof value === 'function') el.addEventListener(name, value as unknown as EventListener);
    else if (value !== false && value !== undefined) el.setAttribute(name, value === true ? '' : String(value));
  }
  el.append(...kids.filter((k): k is Node | string => !!k));
  return el;
}

// focused answers the element of this one that has the focus. :focus does not tell while the window
// is not the one in front.
export function focused(el: HTMLElement): HTMLElement | undefined {
  const active = (el.getRootNode() as ShadowRoot).activeElement;
  return active && el.contains(active) ? (active as HTMLElement) : undefined;
}

// still: the visitor does not want motion.
export function still(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}

export function button(label: Child, className: string, click: () => void): HTMLButtonElement {
  return h('button', { type: 'button', class: className, click }, label);
}

const paths = {
  close: 'M6 9l6 6 6-6',
  shield: 'M12 3l7.5 2.8v5.4c0 4.6-3 8.1-7.5 9.8-4.5-1.7-7.5-5.2-7.5-9.8V5.8zM9 12l2.2 2.2L15.2 10',
  send: 'M4.5 12h14M13 6.5l5.5 5.5-5.5 5.5',
  back: 'M19.5 12h-14M11 6.5L5.5 12l5.5 5.5',
  check: 'M5.5 12.5l4.3 4.3 8.7-9.3',
  clock: 'M12 4a8 8 0 100 16 8 8 0 000-16zM12 8v4.5l3 1.7',
  alert: 'M12 4a8 8 0 100 16 8 8 0 000-16zM12 8v4.8M12 15.9v.1',
  down: 'M12 5v14M6.5 13.5L12 19l5.5-5.5',
};

export function icon(name: keyof typeof paths): SVGSVGElement {
  const ns = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(ns, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', `icon i-${name}`);
  const path = document.createElementNS(ns, 'path');
  path.setAttribute('d', paths[name]);
  svg.append(path);
  return svg;
}

export function iconButton(name: keyof typeof paths, label: string, click: () => void): HTMLButtonElement {
  const b = button(icon(name), 'tool', click);
  b.ariaLabel = b.title = label;
  return b;
}

// safeURL lets no address run a script.
export function safeURL(url: string): string | undefined {
  try {
    const u = new URL(url, location.href);
    return /^(https?|mailto|tel):$/.test(u.protocol) ? u.href : undefined;
  } catch {
    return undefined;
  }
}

export function anchor(url: string, label: string): HTMLElement {
  const href = safeURL(url);
  if (!href) return h('span', {}, label);
  const away = /^http/.test(href) && new URL(href).origin !== location.origin;
  return h('a', { href, dir: 'auto', ...(away && { target: '_blank', rel: 'noopener noreferrer' }) }, label);
}

// newTab opens beside the page, whatever its origin: a policy must not cost the conversation.
export function newTab(url: string, label: string): HTMLElement {
  const a = anchor(url, label);
  if (a instanceof HTMLAnchorElement) {
    a.target = '_blank';
    a.rel = 'noopener';
  }
  return a;
}

export interface Row { key: string; sig: string; make(): HTMLElement }

// Rows keeps the children of an element in step with a list: a row is made again only when
// its signature changed, so that nothing flickers and focus stays.
export class Rows {
  #have = new Map<string, { sig: string; el: HTMLElement }>();

  readonly #parent: HTMLElement;

  constructor(parent: HTMLElement) {
    this.#parent = parent;
  }

  sync(rows: Row[]): HTMLElement[] {
    const made: HTMLElement[] = [];
    const keep = new Set<string>();
    let at = this.#parent.firstElementChild;
    for (const row of rows) {
      keep.add(row.key);
      let entry = this.#have.get(row.key);
      if (!entry) {
        entry = { sig: row.sig, el: row.make() };
        this.#have.set(row.key, entry);
        made.push(entry.el);
      } else if (entry.sig !== row.sig) {
        const el = row.make();
        if (entry.el === at) at = el;
        entry.el.replaceWith(el);
        entry.sig = row.sig;
        entry.el = el;
      }
      if (entry.el === at) at = at.nextElementSibling;
      else this.#parent.insertBefore(entry.el, at);
    }
    for (const [key, entry] of this.#have) {
      if (keep.has(key)) continue;
      entry.el.remove();
      this.#have.delete(key);
    }
    return made;
  }

}
