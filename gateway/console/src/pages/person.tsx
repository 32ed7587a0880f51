// One person: the contact, where each consent stands, every text that was shown, and what may be
// done on the person's request.

import { useEffect, useState } from 'preact/hooks';

import { APIError, get, has, path, text as fetchText } from '../api';
import { fill, useTexts, useWords } from '../language';
import type { PageProps } from '../pages';
import { to } from '../router';
import { refusalText } from '../shell/refusal';
import { Button } from '../ui/button';
import { Icon } from '../ui/icon';
import { toast } from '../ui/toast';
import { actorOf } from './audit';
import { day, stamp } from './contacts';
import { inOrder, noticeOf, tone, type Person, type ProofEntry } from './contacts.api';
import { contactsWords, type ContactsWords } from './contacts.words';
import { Changes } from './changes';

export function PersonPage({ site, visitor }: PageProps & { visitor: string }) {
  const t = useTexts(contactsWords);
  const words = useWords();
  const [person, setPerson] = useState<Person>();
  const [error, setError] = useState('');
  const at = path('sites', site.site, 'contacts', visitor);
  const read = async () => {
    setError('');
    try {
      setPerson(await get<Person>(at));
    } catch (why) {
      setError(refusalText(why));
    }
  };
  useEffect(() => { void read(); }, [at]);
  return (
    <>
      <p><a class="back" href={to('contacts', site.site)}><Icon name="back" /> {t.back}</a></p>
      {error && <p class="error" role="alert">{error} <Button onClick={() => void read()}>{words.retry}</Button></p>}
      {!person && !error && <p role="status">{words.loading}</p>}
      {person && (
        <div class="person">
          <div class="stack">
            <Card person={person} t={t} />
            <History person={person} t={t} />
          </div>
          <div class="stack">
            <Files at={at} visitor={visitor} t={t} />
            {has(site, ['privacy_officer'])
              ? <Changes at={at} site={site} person={person} t={t} onDone={() => { toast(t.done); void read(); }} />
              : <p class="hint">{t.officerOnly}</p>}
          </div>
        </div>
      )}
    </>
  );
}

function Card({ person, t }: { person: Person; t: ContactsWords }) {
  const fields = inOrder(person.fields);
  return (
    <section class="panel stack">
      <h2 class="mono">{person.visitor}</h2>
      <p class="hint">{t.firstSeen}: {day(person.first_seen)}</p>
      {person.erased_at && <p class="badge bad">{fill(t.erased, { time: stamp(person.erased_at) })}</p>}
      {fields.length > 0 ? (
        <dl class="facts">{fields.map(([f, v]) => <div key={f}><dt>{t.field[f] ?? f}</dt><dd><bdi>{v}</bdi></dd></div>)}</dl>
      ) : <p class="hint">{t.noContact}</p>}
      {person.restricted_at && <p><span class="badge warn">{t.restricted}</span> {fill(t.since, { time: stamp(person.restricted_at) })}</p>}
      {fields.length > 0 && <p class="hint">{person.policy ? t.noConsentNeeded : fill(t.under, { time: grantedAt(person) })}</p>}
      <h3>{t.consents}</h3>
      <ul class="stack">
        {Object.entries(person.consents).map(([p, c]) => (
          <li key={p}>
            <span class={tone(c.status)}>{t.status[c.status] ?? c.status}</span> <strong>{t.purpose[p] ?? p}</strong>{' '}
            <span class="hint">
              {c.since && fill(t.since, { time: stamp(c.since) })}{c.method && `, ${t.method[c.method] ?? c.method}`}{c.valid_until && `, ${fill(t.until, { time: day(c.valid_until) })}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function grantedAt(person: Person): string {
  const opened = person.proof.entries?.find((e) => e.id === person.grant);
  return opened ? stamp(opened.occurred_at) : '—';
}

function History({ person, t }: { person: Person; t: ContactsWords }) {
  const entries = person.proof.entries ?? [];
  const texts = new Map((person.proof.notices ?? []).map((n) => [n.hash, n.canonical]));
  return (
    <section class="panel stack">
      <h2>{t.history}</h2>
      <p class="hint">{t.historyText}</p>
      <ol class="history">
        {entries.map((e) => <Entry key={e.id} entry={e} canonical={e.notice ? texts.get(e.notice) : undefined} t={t} />)}
      </ol>
      {person.proof.head && <p class="hint mono">{fill(t.verified, { hash: person.proof.head.slice(0, 16) })}</p>}
    </section>
  );
}

function Entry({ entry, canonical, t }: { entry: ProofEntry; canonical: string | undefined; t: ContactsWords }) {
  const notice = canonical ? noticeOf(canonical) : undefined;
  return (
    <li>
      <p>
        <span class={tone(entry.kind)}>{t.kind[entry.kind] ?? entry.kind}</span> <strong>{t.purpose[entry.purpose] ?? entry.purpose}</strong>
        <br /><span class="hint"><time dateTime={entry.occurred_at}>{stamp(entry.occurred_at)}</time>, <bdi>{actorOf(entry.actor, t)}</bdi>{entry.actor !== 'system' && ` ${t.method[entry.method] ?? entry.method}`}</span>
      </p>
      {notice && (
        <details>
          <summary>{t.shown}<span class="sr">: {t.kind[entry.kind] ?? entry.kind}, {stamp(entry.occurred_at)}</span></summary>
          <blockquote class="shown" lang={notice.locale} dir="auto">
            <p><strong>{notice.title}</strong></p>
            {notice.body.split('\n').map((line, i) => <p key={i}>{line}</p>)}
            <ul>{[...notice.purposes ?? [], ...notice.fields ?? []].map((x, i) => <li key={i}>{x.text}</li>)}</ul>
            <p>{notice.withdraw}</p>
            <p>[{notice.accept}] [{notice.decline}] {notice.policy.label} {notice.policy.url}</p>
          </blockquote>
        </details>
      )}
    </li>
  );
}

// Files are what the person, or an authority, is given.
function Files({ at, visitor, t }: { at: string; visitor: string; t: ContactsWords }) {
  const receipt = async () => {
    try {
      save(`${visitor}-receipt.jws`, await fetchText(`${at}/receipt`));
    } catch (why) {
      toast(why instanceof APIError && why.code === 'forbidden' ? t.receiptNone : refusalText(why), true);
    }
  };
  const link = (format: string, label: string) => <a class="button" download href={`/console/api/${at}/access?format=${format}`}><Icon name="download" />{label}</a>;
  return (
    <section class="panel stack" aria-label={t.download}>
      {link('html', t.accessPage)}
      {link('json', t.accessJSON)}
      <Button icon="shield" onClick={() => void receipt()}>{t.receipt}</Button>
    </section>
  );
}

function save(name: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type: 'application/jose' }));
  const a = document.createElement('a');
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
