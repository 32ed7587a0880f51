// Where the visitor writes. One field for everything: what is asked only changes the keyboard
// and what the browser offers to fill in.

import { fill, type Words } from '../i18n/words';
import type { Expect, Limits } from '../protocol';
import { h, icon } from './dom';

// What is asked, as the browser calls it: inputmode and autocomplete.
const hints: Record<string, [string, AutoFill]> = {
  text: ['text', 'off'],
  name: ['text', 'name'],
  email: ['email', 'email'],
  phone: ['tel', 'tel'],
  number: ['decimal', 'off'],
  date: ['text', 'off'],
};

const frameOverhead = 64;

// whole leaves no half of a character behind, as a cut emoji is: no gateway could read it.
function whole(text: string): string {
  return text.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '\uFFFD');
}

export class Composer {
  readonly el: HTMLFormElement;
  readonly field: HTMLTextAreaElement;
  readonly #count: HTMLElement;
  readonly #button: HTMLButtonElement;
  #asked = '';
  limits: Limits | undefined;
  #ready = false;
  #shift = false;
  #wanted = false; // sent before it could be

  readonly #words: Words;
  readonly #say: (text: string) => void;

  constructor(words: Words, say: (text: string) => void, typing: () => void) {
    this.#words = words;
    this.#say = say;
    this.field = h('textarea', {
      rows: 1, 'aria-label': words.write, enterkeyhint: 'send', 'aria-describedby': 'count',
      input: () => { this.#wanted = false; this.#measure(); if (this.field.value) typing(); },
      keydown: (e: KeyboardEvent) => { this.#shift = e.shiftKey; },
      // Not on the key: an input method uses Enter to choose a word, and touch keyboards do
      // not always name their keys.
      beforeinput: (e: InputEvent) => {
        if (e.inputType !== 'insertLineBreak' || this.#shift) return;
        e.preventDefault();
        this.#submit();
      },
    });
    this.#button = h('button', { type: 'submit', class: 'send idle', 'aria-label': words.send, title: words.send }, icon('send'));
    this.#count = h('p', { class: 'count', id: 'count', role: 'status' });
    this.el = h('form', {
      class: 'composer',
      submit: (e: Event) => { e.preventDefault(); this.#submit(); },
    }, this.#count, h('div', { class: 'field' }, this.field, this.#button));
    this.expect(undefined);
    this.field.dir = words.dir;
  }

  expect(e: Expect | undefined): void {
    const type = e?.kind === 'ask' && e.type && hints[e.type] ? e.type : 'text';
    if (type === this.#asked) return;
    this.#asked = type;
    const [inputmode, autocomplete] = hints[type]!;
    this.field.inputMode = inputmode;
    this.field.autocomplete = autocomplete;
    this.field.autocapitalize = (type === 'email' ? 'off' : type === 'name' ? 'words' : 'sentences');
    this.field.spellcheck = type === 'text';
    this.field.placeholder = this.#words.placeholder[type] ?? '';
  }

  // allow lets lines go out; one that was sent too early follows.
  allow(on: boolean): void {
    this.#ready = on;
    if (on && this.#wanted) this.#submit();
  }

  prefill(text: string): void {
    this.field.value = text;
    this.#measure();
  }

  #submit(): void {
    const text = whole(this.field.value).replace(/\0/g, '').trim();
    if (!text || !this.#fits()) return;
    this.#wanted = !this.#ready;
    if (this.#wanted) return;
    this.prefill('');
    this.#say(text);
  }

  // fits says what is wrong before a number is given away.
  #fits(): boolean {
    const max = this.limits?.text_runes ?? 2000;
    const bytes = this.limits?.frame_bytes ?? 16_384;
    const n = [...this.field.value.trim()].length;
    const size = new TextEncoder().encode(JSON.stringify(this.field.value)).length + frameOverhead;
    const over = n > max || size > bytes;
    const near = over || n > max * 0.9;
    const text = near ? fill(over ? this.#words.tooLong : this.#words.counter, { n, max }) : '';
    if (this.#count.textContent !== text) this.#count.textContent = text;
    this.#count.classList.toggle('over', over);
    this.field.ariaInvalid = String(over);
    return !over;
  }

  #measure(): void {
    this.#fits();
    this.#button.classList.toggle('idle', !this.field.value.trim());
    // Empty, the field runs as its placeholder does.
    this.field.dir = this.field.value ? 'auto' : this.#words.dir;
    this.field.style.blockSize = 'auto';
    this.field.style.blockSize = `${Math.min(this.field.scrollHeight, 132)}px`;
  }
}
