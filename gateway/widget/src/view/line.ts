// How single entries of the log look.

import { fill, type Words } from '../i18n/words';
import type { Item, Status } from '../outbox';
import type { Event, Part } from '../protocol';
import { anchor, button, h, icon, safeURL, type Child } from './dom';
import type { Format } from './format';

export function plain(parts: Part[] | undefined, words: Words): string {
  return (parts ?? []).map((p) => (p.removed ? `[${words.removed}]` : p.masked ? `[${words.masked}]` : p.text ?? '')).join('');
}

function body(parts: Part[], words: Words): Child[] {
  return parts.map((p) =>
    p.removed ? h('span', { class: 'mark' }, words.removed)
      : p.masked ? h('span', { class: 'mark' }, words.masked)
        : p.contact ? h('bdi', { class: 'contact' }, p.text ?? '')
          : p.text);
}

// isolated keeps a name from turning the text around it.
export function isolated(name: string): string {
  return `\u2068${name}\u2069`;
}

export function who(e: Event, words: Words): string {
  return e.name ? isolated(e.name) : words.who[e.from] ?? '';
}

// bubble is a line that somebody said. Its time shows under the last of a run.
export function bubble(e: Event, tail: boolean, read: boolean, at: number, words: Words, format: Format): HTMLElement {
  const own = e.from === 'visitor';
  const image = e.image && safeURL(e.image.url);
  return h('div', { class: `line ${own ? 'own' : 'their'}${tail ? ' tail' : ''}`, 'data-from': e.from, 'data-seq': e.seq },
    h('span', { class: 'sr' }, `${who(e, words)}: `),
    !!e.text?.length && h('p', { class: 'bubble', dir: 'auto', lang: e.locale }, ...body(e.text, words)),
    !!image && h('img', { src: image, alt: e.image!.alt, loading: 'lazy', referrerpolicy: 'no-referrer' }),
    e.link && h('p', { class: 'links' }, anchor(e.link.url, e.link.label)),
    meta(at, own ? (read ? 'read' : 'sent') : undefined, tail, words, format));
}

// pending is an own line that is in no log yet.
export function pending(i: Item, text: string, words: Words, format: Format, again: () => void): HTMLElement {
  return h('div', { class: `line own tail ${i.status}`, 'data-status': i.status },
    h('span', { class: 'sr' }, `${words.who['visitor']}: `),
    h('p', { class: 'bubble', dir: 'auto' }, text),
    meta(i.at, i.status, true, words, format),
    i.status === 'refused' && h('p', { class: 'reason' }, reason(i, words)),
    i.status === 'failed' && button(words.resend, 'small-button', again));
}

export function reason(i: Item, words: Words): string {
  return words.refused[i.code ?? ''] ?? words.refused[''] ?? '';
}

function meta(at: number, status: Status | 'read' | undefined, tail: boolean, words: Words, format: Format): Child {
  if (!at) return undefined;
  return h('p', { class: tail ? 'meta' : 'sr' },
    clock(at, format),
    !!status && icon(status === 'sent' || status === 'read' ? 'check' : status === 'sending' || status === 'late' ? 'clock' : 'alert'),
    !!status && h('span', { class: status === 'sent' ? 'sr' : '' }, words.line[status]));
}

function clock(at: number, format: Format): Child {
  return h('time', { datetime: new Date(at).toISOString() }, format.time(at));
}

export function options(
  e: Event, pressable: boolean, pressed: string | undefined, words: Words, press: (id: string, label: string) => void,
): HTMLElement {
  return h('div', { class: 'options', role: 'group', 'aria-label': plain(e.text, words) },
    ...(e.options ?? []).map((o) => {
      const on = o.id === pressed;
      const b = button(o.label, `option${on ? ' on' : ''}`, () => { if (pressable) press(o.id, o.label); });
      b.dir = 'auto';
      b.dataset['choice'] = o.id;
      if (!pressable) b.disabled = true;
      if (on) b.append(icon('check'), h('span', { class: 'sr' }, ` (${words.answered})`));
      return b;
    }));
}

export function note(text: string, at: number, format: Format, extra?: Child): HTMLElement {
  return h('div', { class: 'note', dir: 'auto' }, text, ...(at ? [' · ', clock(at, format)] : []), extra);
}

export function decisionText(e: Event, words: Words, name: (code: string) => string): string {
  const form = e.kind === 'withdrawal' ? words.decided.withdrawn : e.answer === 'grant' ? words.decided.granted : words.decided.declined;
  return fill(form, { what: (e.purposes ?? []).map(name).join(', ') });
}
