// What is wrong with the line, in the visitor's words, and what can be done about it.

import type { Words } from '../i18n/words';
import type { Session } from '../session';
import { button, focused, h } from './dom';

interface Notice { text: string; label?: string; act?: () => void }

export function notice(s: Session, words: Words, retry: () => void): Notice | undefined {
  const { line } = s;
  if (s.configError && !s.config) {
    return { text: s.shut ? words.notHere : navigator.onLine ? words.loadFailed : words.offline, label: words.retry, act: retry };
  }
  if (line.phase === 'stopped') {
    return { text: words.stopped[line.code] ?? words.stopped['']!, label: words.restart, act: () => s.restart() };
  }
  if (line.phase === 'waiting' || (line.phase === 'connecting' && line.status)) {
    if (!navigator.onLine) return { text: words.offline };
    const text = line.status ? (line.status.ok ? words.blocked : words.busy) : words.waiting;
    return { text, label: words.now, act: () => line.hurry() };
  }
  if (s.erased) return { text: words.erased };
  return undefined;
}

export class Banner {
  readonly el = h('div', { class: 'banner', role: 'status' });
  #shown = '';

  render(n: Notice | undefined): void {
    const key = n ? `${n.text}|${n.label}` : '';
    if (key === this.#shown) return;
    this.#shown = key;
    // A button that did its work is gone; focus stays in the dialog.
    if (focused(this.el)) this.el.closest<HTMLElement>('.panel')?.focus();
    this.el.replaceChildren();
    if (!n) return;
    this.el.append(h('span', {}, n.text));
    if (n.label && n.act) this.el.append(button(n.label, 'small-button', n.act));
  }
}
