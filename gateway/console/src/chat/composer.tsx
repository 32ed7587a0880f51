import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import { me, type Reply } from '../api';
import { fill } from '../language';
import type { Conversation } from '../desk/conversation';
import { Button } from '../ui/button';
import { announce } from '../ui/toast';
import { can, holder, take } from './doing';
import { desk, useChatWords } from './here';
import { Replies } from './replies';
import { names } from './shown';

export type Mode = 'reply' | 'note';

interface Props {
  of: Conversation;
  mode: Mode;
  onMode: (m: Mode) => void;
  // wanted counts the times that somebody asked for the field.
  wanted: number;
}

const nearLimit = 200;

export function Composer({ of: c, mode, onMode, wanted }: Props) {
  const words = useChatWords();
  const field = useRef<HTMLTextAreaElement>(null);
  const [, again] = useState(0);
  const [picking, setPicking] = useState(false);
  const may = can(c);
  const note = mode === 'note';
  const text = note ? c.draftNote : c.draft;
  const max = desk.limits?.text_runes ?? 2000;
  const length = [...text].length;
  const write = (value: string) => {
    if (note) c.draftNote = value;
    else c.draft = value;
    again((n) => n + 1);
    if (!note && may.say) c.typing(value !== '');
  };
  useLayoutEffect(() => {
    const el = field.current;
    if (!el) return;
    el.style.height = 'auto';
    el.style.height = `${Math.min(el.scrollHeight + 2, 180)}px`;
  }, [text, mode, may.say]);
  useEffect(() => { if (wanted) field.current?.focus(); }, [wanted, mode, may.say]);

  const send = () => {
    const said = text.trim().toWellFormed().replaceAll('\0', '');
    if (!said || length > max) {
      if (length > max) announce(fill(words.composer.count, { n: length, max }));
      return;
    }
    write('');
    if (!note) c.typing(false);
    void c.act(note ? { t: 'note', text: said } : { t: 'say', text: said });
  };
  const keys = (e: KeyboardEvent) => {
    if (e.key === 'Enter' && !e.shiftKey && !e.isComposing) {
      e.preventDefault();
      send();
    } else if (e.key === '/' && !text && !note) {
      e.preventDefault();
      setPicking(true);
    } else if (e.key === 'Escape') field.current?.blur();
  };
  const pick = (r: Reply | undefined) => {
    setPicking(false);
    if (r) write(text + filled(r, c));
    field.current?.focus();
  };
  const open = note || may.say;
  return (
    <section class={note ? 'composer noting' : 'composer'} aria-label={note ? words.composer.note : words.composer.reply}>
      <div class="composer-tabs" role="group" aria-label={words.composer.write}>
        {(['reply', 'note'] as const).map((m) => (
          <button key={m} type="button" class="composer-tab" aria-pressed={mode === m} onClick={() => onMode(m)}>{words.composer[m]}</button>
        ))}
        {!note && may.say && <Button kind="quiet" icon="reply" label={words.composer.replies} expanded={picking} onClick={() => setPicking(!picking)} />}
      </div>
      {picking && <Replies site={c.site} text={(r) => filled(r, c)} onPick={pick} />}
      {open ? (
        <div class="composer-row">
          <textarea
            ref={field} rows={1} dir="auto" value={text} onInput={(e) => write(e.currentTarget.value)} onKeyDown={keys}
            aria-label={note ? words.composer.writeNote : words.composer.write} placeholder={note ? words.composer.writeNote : words.composer.write}
            aria-describedby="composer-hint"
          />
          <Button kind="primary" icon={note ? 'note' : 'send'} label={note ? words.composer.saveNote : words.composer.send} disabled={!text.trim() || length > max} onClick={send} />
        </div>
      ) : <Closed of={c} />}
      <p class="composer-hint hint" id="composer-hint">
        {note ? words.composer.noteHint : may.say && locked(c) ? words.composer.locked : ''}
        {length > max - nearLimit && <span class={length > max ? 'error' : ''} role="status"> {fill(words.composer.count, { n: length, max })}</span>}
      </p>
    </section>
  );
}

// Closed says why nobody can write here now, and what to do about it.
function Closed({ of: c }: { of: Conversation }) {
  const words = useChatWords();
  const [busy, setBusy] = useState(false);
  const may = can(c);
  const s = c.state;
  const why = !s ? '' : s.owner === 'operator' ? fill(words.composer.takenBy, { name: holder(c, words) })
    : s.owner === 'closed' ? words.composer.closed : s.owner === 'bot' ? words.composer.takeFirst : '';
  const press = async () => {
    setBusy(true);
    await take(c);
    setBusy(false);
  };
  return (
    <div class="composer-closed">
      {why && <p><bdi>{why}</bdi></p>}
      {may.take && <Button kind="primary" busy={busy} onClick={() => void press()}>{words.act.take}</Button>}
    </div>
  );
}

function locked(c: Conversation): boolean {
  return c.state?.consents['lead_contact']?.status !== 'granted';
}

// filled is the reply in the visitor's language, or the nearest there is.
export function filled(r: Reply, c: Conversation): string {
  const locale = c.state?.locale ?? '';
  const text = r.text[locale] ?? r.text[locale.split('-')[0]!] ?? Object.values(r.text)[0] ?? '';
  return fill(text, { operator: me.value?.operator.name ?? '', site: names.site(c.site) });
}
