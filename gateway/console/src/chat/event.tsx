import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

import { fill } from '../language';
import type { Card, LogEvent, Note, Part } from '../desk/protocol';
import { Icon } from '../ui/icon';
import { clock, moment, plain, safeURL } from './format';
import type { ChatWords } from './words';

// Text is a line in pieces. Every piece is a text node; what was typed cannot be anything else.
export function Text({ parts, words }: { parts: readonly Part[] | undefined; words: ChatWords }) {
  return (
    <>
      {(parts ?? []).map((p, i) => {
        if (p.masked) return <span key={i} class="masked" title={words.maskedHint}><Icon name="lock" />{words.masked}</span>;
        if (p.removed) return <span key={i} class="masked" >{words.removed}</span>;
        if (p.contact) return <bdi key={i} class="contact" title={words.contactHint}>{p.text}</bdi>;
        return <span key={i}>{p.text}</span>;
      })}
    </>
  );
}

export function Stamp({ at }: { at: number }) {
  return <time dateTime={new Date(at).toISOString()} title={moment(at)}>{clock(at)}</time>;
}

interface LineProps {
  event: LogEvent;
  words: ChatWords;
  pressed: string | undefined; // the option that was chosen
  first: boolean; // of several lines of one speaker
  self: string;
  foot?: ComponentChildren;
}

export function Line({ event: e, words, pressed, first, self, foot }: LineProps) {
  const mine = e.from === 'operator' && e.operator === self;
  const who = mine ? words.you : e.name || words.who[e.from] || e.from;
  return (
    <li class={`line from-${e.from}${mine ? ' mine' : ''}${first ? ' first' : ''}`} data-seq={e.seq}>
      <p class={first ? 'line-head' : 'sr'}><bdi>{who}</bdi> <Stamp at={e.at} /></p>
      {(e.text?.length ?? 0) > 0 && <p class="bubble" dir="auto" lang={e.locale}><Text parts={e.text} words={words} /></p>}
      {e.field && <p class="line-note">{fill(words.asks, { field: words.consent.field[e.field] ?? e.field })}</p>}
      {e.image && <Picture image={e.image} words={words} />}
      {e.link && <Link link={e.link} />}
      {e.options && <Options options={e.options} pressed={pressed} words={words} />}
      {foot}
    </li>
  );
}

function Picture({ image, words }: { image: { url: string; alt: string }; words: ChatWords }) {
  const [broken, setBroken] = useState(false);
  const src = safeURL(image.url);
  if (!src || broken) return <p class="line-note" dir="auto">{fill(words.picture, { alt: image.alt })}</p>;
  return <img class="picture" src={src} alt={image.alt} loading="lazy" referrerpolicy="no-referrer" onError={() => setBroken(true)} />;
}

function Link({ link }: { link: { label: string; url: string } }) {
  const href = safeURL(link.url);
  return (
    <p class="line-link" dir="auto">
      {href ? <a href={href} target="_blank" rel="noopener noreferrer">{link.label}</a> : <span>{link.label}</span>}
      <bdi class="hint">{link.url}</bdi>
    </p>
  );
}

function Options({ options, pressed, words }: { options: { id: string; label: string }[]; pressed: string | undefined; words: ChatWords }) {
  return (
    <ul class="options">
      {options.map((o) => (
        <li key={o.id} class={o.id === pressed ? 'on' : ''}>
          {o.id === pressed && <><Icon name="check" /><span class="sr">{words.answered}: </span></>}
          <bdi>{o.label}</bdi>
        </li>
      ))}
    </ul>
  );
}

// CardText is the consent card word by word, as the visitor was shown it.
export function CardText({ card, words }: { card: Card; words: ChatWords }) {
  return (
    <div class="card-text" lang={card.locale}>
      <h4 dir="auto">{card.title}</h4>
      <p dir="auto">{card.body}</p>
      {card.purposes.length > 0 && <><p class="hint">{words.card.purposes}</p><ul>{card.purposes.map((p) => <li key={p.code} dir="auto">{p.text}</li>)}</ul></>}
      {card.fields.length > 0 && <p class="hint">{words.card.fields}: <bdi>{card.fields.map((f) => f.text).join(', ')}</bdi></p>}
      <p class="hint" dir="auto">{card.withdraw}</p>
      {!card.no_answer && <p class="card-buttons"><bdi>{card.accept}</bdi><bdi>{card.decline}</bdi></p>}
    </div>
  );
}

export function CardLine({ event: e, answer, words }: { event: LogEvent; answer: string | undefined; words: ChatWords }) {
  const card = e.card!;
  const state = card.no_answer ? 'informed' : answer === 'grant' ? 'granted' : answer === 'decline' ? 'declined' : 'open';
  const kind = { granted: 'good', declined: 'bad', open: 'info', informed: '' }[state];
  return (
    <li class="line card" data-seq={e.seq} data-state={state}>
      <details>
        <summary>
          <Icon name="card" />
          <span class="card-title">{words.card.title}: <bdi>{card.purposes.map((p) => words.consent.purpose[p.code] ?? p.code).join(', ')}</bdi></span>
          <span class={`badge ${kind}`}>{words.card[state]}</span>
          <Stamp at={e.at} />
        </summary>
        <CardText card={card} words={words} />
      </details>
    </li>
  );
}

// happened says what an event without a line of its own is.
export function happened(e: LogEvent, words: ChatWords): string {
  const key = e.kind === 'decision' ? (e.answer === 'grant' ? 'granted' : 'declined') : e.kind;
  const what = (e.purposes ?? []).map((p) => words.consent.purpose[p] ?? p).join(', ');
  const form = words.event[key];
  return form ? fill(form, { name: e.name ?? '', what }) : plain(e.text, words);
}

export function Happened({ event: e, words }: { event: LogEvent; words: ChatWords }) {
  return <li class={`happened ${e.kind}`} data-seq={e.seq}><bdi>{happened(e, words)}</bdi> <Stamp at={e.at} /></li>;
}

export function NoteLine({ note: n, words, name }: { note: Note; words: ChatWords; name: (id: string) => string }) {
  if (n.kind === 'note') {
    return (
      <li class="line internal" data-note={n.seq}>
        <p class="line-head"><Icon name="note" />{words.noteLabel} · <bdi>{n.name ?? ''}</bdi> <Stamp at={n.at} /></p>
        <p class="bubble" dir="auto"><Text parts={n.text} words={words} /></p>
      </li>
    );
  }
  const to = n.to ? words.to[n.to] ?? (name(n.to) || words.owner.colleague) : '';
  const form = words.note[n.kind];
  if (!form) return null;
  return <li class="happened internal" data-note={n.seq}><bdi>{fill(form, { name: n.name || words.owner.colleague, to })}</bdi> <Stamp at={n.at} /></li>;
}
