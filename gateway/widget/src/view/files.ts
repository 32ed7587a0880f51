// What the visitor can take away as a file: the signed receipt of their answers, and all that is
// held about them. The gateway answers over the socket; nothing goes into an address.

import type { PrivacyWords } from '../i18n/privacy/words';
import type { Frame } from '../protocol';
import type { Session } from '../session';
import { button } from './dom';

type Kind = 'receipt' | 'export';

// What a piece of text may weigh before the page gives up: more than any conversation.
const mostText = 64 << 20;
const patience = 20_000; // between two answers

export class Files {
  said = '';
  #asked: Kind | undefined;
  #parts: string[] = [];
  #weight = 0;
  #timer = 0;

  readonly #session: Session;
  readonly #words: PrivacyWords;
  readonly #changed: () => void;

  constructor(session: Session, words: PrivacyWords, changed: () => void) {
    this.#session = session;
    this.#words = words;
    this.#changed = changed;
    session.other = (f) => this.#frame(f);
  }

  get sig(): string {
    return `${this.#asked} ${this.said}`;
  }

  button(kind: Kind): HTMLButtonElement {
    const w = this.#words;
    const b = button(kind === 'receipt' ? w.receipt : w.data, 'quiet wide', () => this.#ask(kind));
    b.dataset['key'] = kind;
    if (this.#asked) b.ariaDisabled = 'true';
    return b;
  }

  #ask(kind: Kind): void {
    if (this.#asked) return;
    const w = this.#words;
    this.#parts = [];
    this.#weight = 0;
    if (!this.#session.line.send({ t: `ask_${kind}` })) {
      this.#end(w.fileLater);
      return;
    }
    this.#asked = kind;
    this.said = w.fileComing;
    this.#wait();
    this.#changed();
  }

  #wait(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(this.#words.fileLater), patience);
  }

  #frame(f: Frame): void {
    if (f.t === 'error' && this.#asked) this.#end(f.code === 'bad_input' ? this.#words.none : this.#words.fileLater);
    else if (f.t === 'receipt' && this.#asked === f.t) this.#save(f.receipt, 'receipt.jws', 'application/jose');
    else if (f.t === 'export' && this.#asked === f.t) this.#piece(f.part, f.text, f.more);
  }

  #piece(part: number, text: string, more: boolean): void {
    this.#weight += text.length;
    if (part !== this.#parts.length + 1 || this.#weight > mostText) {
      this.#end(this.#words.fileLater);
      return;
    }
    this.#parts.push(text);
    if (more) this.#wait();
    else this.#save(this.#parts.join(''), 'data.json', 'application/json');
  }

  #save(text: string, name: string, type: string): void {
    const a = document.createElement('a');
    const url = URL.createObjectURL(new Blob([text], { type }));
    a.href = url;
    a.download = `${location.hostname}-${new Date().toISOString().slice(0, 10)}-${name}`;
    a.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    this.#end(this.#words.fileDone);
  }

  #end(said: string): void {
    clearTimeout(this.#timer);
    this.#asked = undefined;
    this.#parts = [];
    this.said = said;
    this.#changed();
  }
}
