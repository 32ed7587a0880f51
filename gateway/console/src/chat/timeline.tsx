import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';

import { fill } from '../language';
import type { Conversation } from '../desk/conversation';
import type { Item } from '../desk/outbox';
import type { LogEvent, Note } from '../desk/protocol';
import { Button } from '../ui/button';
import { Icon } from '../ui/icon';
import { announce } from '../ui/toast';
import { CardLine, Happened, Line, NoteLine } from './event';
import { dayName, plain } from './format';
import { desk, useChatWords } from './here';
import type { ChatWords } from './words';

type Entry = { at: number; event: LogEvent } | { at: number; note: Note };

// merged puts the staff log between the events. Events keep their order whatever the clocks say.
export function merged(events: readonly LogEvent[], notes: readonly Note[], whole: boolean): Entry[] {
  const out: Entry[] = [];
  let n = 0;
  const start = events[0]?.at ?? 0;
  // Notes from before what is loaded come with it.
  while (!whole && n < notes.length && notes[n]!.at < start) n++;
  let clock = 0;
  for (const event of events) {
    clock = Math.max(clock, event.at);
    while (n < notes.length && notes[n]!.at < clock) out.push({ at: notes[n]!.at, note: notes[n++]! });
    out.push({ at: clock, event });
  }
  for (; n < notes.length; n++) out.push({ at: notes[n]!.at, note: notes[n]! });
  return out;
}

// answers finds what was chosen and what was decided, by the event or card that asked.
function answers(events: readonly LogEvent[]): Map<string, string> {
  const out = new Map<string, string>();
  for (const e of events) {
    if (e.of && e.choice) out.set(e.of, e.choice);
    if (e.kind === 'decision' && e.request) out.set(e.request, e.answer ?? '');
  }
  return out;
}

const spoken = ['message', 'choices', 'ask'];
const nearBottom = 60;

export function Timeline({ of: c, onEdit }: { of: Conversation; onEdit: (item: Item) => void }) {
  const words = useChatWords();
  const ref = useRef<HTMLDivElement>(null);
  const stuck = useRef(true);
  const heldAt = useRef<{ first: number | undefined; height: number }>({ first: undefined, height: 0 });
  const [below, setBelow] = useState(false);
  const top = c.events.at(-1)?.seq ?? 0;
  const first = c.events[0]?.seq;
  const entries = merged(c.events, c.notes, !c.older);
  const chosen = useMemo(() => answers(c.events), [top, first, c.events]);

  useLayoutEffect(() => {
    const el = ref.current!;
    const held = heldAt.current;
    // Older lines go above what is read; new ones are followed by those who are at the end.
    if (held.first !== undefined && first !== undefined && first < held.first) el.scrollTop += el.scrollHeight - held.height;
    else if (stuck.current) el.scrollTop = el.scrollHeight;
    heldAt.current = { first, height: el.scrollHeight };
  });
  useEffect(() => {
    const read = () => { if (stuck.current && document.visibilityState === 'visible' && document.hasFocus()) c.seen(); };
    read();
    if (!stuck.current) setBelow(true);
    for (const at of ['focus', 'visibilitychange']) addEventListener(at, read);
    return () => { for (const at of ['focus', 'visibilitychange']) removeEventListener(at, read); };
  }, [top, c.live]);
  useSpoken(c, words);
  // A keyboard that opens, a window that narrows or a picture that comes late moves the end: those who
  // are at it stay there.
  useEffect(() => {
    const el = ref.current!;
    const follow = new ResizeObserver(() => { if (stuck.current) el.scrollTop = el.scrollHeight; });
    follow.observe(el);
    follow.observe(el.querySelector('.lines')!);
    return () => follow.disconnect();
  }, []);

  const scrolled = () => {
    const el = ref.current!;
    stuck.current = el.scrollHeight - el.scrollTop - el.clientHeight < nearBottom;
    if (stuck.current) {
      setBelow(false);
      if (document.hasFocus()) c.seen();
    }
    if (el.scrollTop < 80) c.fetchOlder();
  };
  const down = () => { ref.current!.scrollTop = ref.current!.scrollHeight; };
  return (
    <div class="timeline-box">
      <div class="timeline" ref={ref} onScroll={scrolled} tabIndex={0} role="log" aria-live="off" aria-label={words.inbox.title}>
        {c.older
          ? <p class="older"><Button kind="quiet" busy={c.fetching} onClick={() => c.fetchOlder()}>{c.fetching ? words.loadingOlder : words.older}</Button></p>
          : first !== undefined && <p class="older hint">{words.start}</p>}
        <ol class="lines">
          {entries.map((e, i) => <EntryLine key={'event' in e ? e.event.id : e.note.id} entry={e} before={entries[i - 1]} c={c} chosen={chosen} words={words} />)}
          {c.outbox.items.map((i) => <Pending key={`${i.n} ${i.at}`} item={i} c={c} words={words} onEdit={onEdit} />)}
        </ol>
        <Typing c={c} words={words} />
      </div>
      {below && <Button class="to-end" icon="down" onClick={down}>{words.newLines}</Button>}
    </div>
  );
}

interface EntryProps { entry: Entry; before: Entry | undefined; c: Conversation; chosen: Map<string, string>; words: ChatWords }

function EntryLine({ entry, before, c, chosen, words }: EntryProps) {
  const newDay = !before || new Date(before.at).toDateString() !== new Date(entry.at).toDateString();
  const day = newDay && <li class="day">{dayName(entry.at, words)}</li>;
  if ('note' in entry) return <>{day}<NoteLine note={entry.note} words={words} name={(id) => desk.name(c.site, id)} /></>;
  const e = entry.event;
  if (e.kind === 'card' && e.card) return <>{day}<CardLine event={e} answer={chosen.get(e.card.request)} words={words} /></>;
  if (!spoken.includes(e.kind)) return <>{day}<Happened event={e} words={words} /></>;
  const last = before && 'event' in before ? before.event : undefined;
  const first = newDay || !last || !spoken.includes(last.kind) || last.from !== e.from || last.operator !== e.operator || e.at - last.at > 300_000;
  const mine = e.from === 'operator';
  const foot = mine && <Delivery read={c.seenVisitor >= e.seq} words={words} />;
  return <>{day}<Line event={e} words={words} pressed={chosen.get(e.id)} first={first} self={desk.self} foot={foot} /></>;
}

function Delivery({ read, words }: { read: boolean; words: ChatWords }) {
  const text = read ? words.line.read : words.line.sent;
  return <p class={read ? 'delivery read' : 'delivery'} title={text}><Icon name={read ? 'checks' : 'check'} /><span class="sr">{text}</span></p>;
}

// Pending is an own line that is in no log yet, or never will be.
function Pending({ item, c, words, onEdit }: { item: Item; c: Conversation; words: ChatWords; onEdit: (item: Item) => void }) {
  const input = item.input;
  if (input.t !== 'say' && input.t !== 'note') return null;
  const failed = item.status === 'lost' || item.status === 'refused';
  const why = item.status === 'refused' ? words.refused[item.code] ?? words.refused[''] : '';
  const again = () => {
    c.outbox.drop(item);
    void c.act(input);
  };
  return (
    <li class={`line pending first ${input.t === 'note' ? 'internal' : 'from-operator mine'} ${item.status}`} data-status={item.status}>
      <p class="sr">{words.you}</p>
      <p class="bubble" dir="auto">{input.text}</p>
      <p class="delivery"><Icon name={failed ? 'alert' : 'clock'} />{item.status === 'sending' ? <span class="sr">{words.line.sending}</span> : words.line[item.status]}</p>
      {failed && (
        <div class="failed">
          {why && <p>{fill(why, { name: c.state?.name || words.owner.colleague })}</p>}
          <Button onClick={again}>{words.resend}</Button>
          <Button kind="quiet" onClick={() => onEdit(item)}>{words.toComposer}</Button>
          <Button kind="quiet" onClick={() => c.outbox.drop(item)}>{words.discard}</Button>
        </div>
      )}
    </li>
  );
}

function Typing({ c, words }: { c: Conversation; words: ChatWords }) {
  const text = c.typists.map((t) => (t.from === 'visitor' ? words.typing.visitor : fill(words.typing.colleague, { name: t.name }))).join(' · ');
  return <p class="typing" aria-live="polite">{text && <><span class="dots" aria-hidden="true"><i /><i /><i /></span><bdi>{text}</bdi></>}</p>;
}

// useSpoken reads new lines of others out, and nothing of what was there before.
function useSpoken(c: Conversation, words: ChatWords): void {
  const said = useRef<{ epoch: string; seq: number }>({ epoch: '', seq: 0 });
  const top = c.events.at(-1);
  useEffect(() => {
    const last = said.current;
    if (top && last.epoch === c.epoch && top.seq > last.seq && c.live) {
      const fresh = c.events.filter((e) => e.seq > last.seq && e.operator !== desk.self && spoken.includes(e.kind)).slice(-3);
      if (fresh.length) announce(fresh.map((e) => `${e.name ?? words.who[e.from] ?? ''}: ${plain(e.text, words)}`).join('. '));
    }
    said.current = { epoch: c.epoch, seq: top?.seq ?? 0 };
  }, [top?.seq, c.epoch]);
}
