// Who agreed, who did not, and their contacts: /console/contacts/SITE, …/v/VISITOR for one person,
// …/audit for who did what, …/lists for those who may be written to.

import { useEffect, useState } from 'preact/hooks';

import { get, has, path, post } from '../api';
import { locale, plural, useTexts, useWords } from '../language';
import type { PageProps } from '../pages';
import { go, to } from '../router';
import { refusalText } from '../shell/refusal';
import { Button } from '../ui/button';
import { Field, Select } from '../ui/field';
import { Table } from '../ui/table';
import { Audit } from './audit';
import { inOrder, statuses, tone, type Overview, type OverviewRow } from './contacts.api';
import { contactsWords, type ContactsWords } from './contacts.words';
import { Lists } from './lists';
import { PersonPage } from './person';

export function Contacts(p: PageProps) {
  const t = useTexts(contactsWords);
  const officer = has(p.site, ['privacy_officer', 'administrator']);
  const visitor = officer && p.rest[0] === 'v' ? p.rest[1] : undefined;
  const tab = officer && ['audit', 'lists', 'v'].includes(p.rest[0] ?? '') ? p.rest[0] : '';
  const link = (name: string, label: string) => (
    <a href={name ? to('contacts', p.site.site, name) : to('contacts', p.site.site)} aria-current={tab === name ? 'page' : undefined}>{label}</a>
  );
  return (
    <>
      {officer && <nav class="tabs" aria-label={t.title}>{link('', t.overview)}{link('lists', t.exports)}{link('audit', t.audit)}</nav>}
      {tab === 'audit' && <Audit site={p.site.site} />}
      {tab === 'lists' && <Lists site={p.site} />}
      {visitor && <PersonPage key={visitor} {...p} visitor={visitor} />}
      {!tab && <List {...p} officer={officer} />}
    </>
  );
}

// List is the overview: counts by purpose, and people in pages that cost the same however many
// there are.
function List({ site, officer }: PageProps & { officer: boolean }) {
  const t = useTexts(contactsWords);
  const words = useWords();
  const [purpose, setPurpose] = useState(site.purposes[0] ?? 'lead_contact');
  const [status, setStatus] = useState('');
  const [pages, setPages] = useState<Overview[]>([]);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const purposes = site.purposes.length ? site.purposes : ['lead_contact'];
  const read = async (after?: string) => {
    setBusy(true);
    setError('');
    try {
      const page = await get<Overview>(path('sites', site.site, 'contacts'), { purpose: status ? purpose : undefined, status, after });
      setPages((was) => (after ? [...was, page] : [page]));
    } catch (why) {
      setError(refusalText(why));
    }
    setBusy(false);
  };
  useEffect(() => { void read(); }, [site.site, status, status ? purpose : '']);
  const first = pages[0];
  const last = pages[pages.length - 1];
  const rows = pages.flatMap((p) => p.rows ?? []);
  const n = (s: string) => first?.counts[purpose]?.[s] ?? 0;
  const total = statuses.reduce((sum, s) => sum + n(s), 0);
  return (
    <>
      {officer && <Find site={site.site} t={t} />}
      <div class="filters">
        {purposes.length > 1 && (
          <Select label={t.filterPurpose} value={purpose} onChange={setPurpose} options={purposes.map((p) => ({ value: p, label: t.purpose[p] ?? p }))} />
        )}
        <div class="counts" role="group" aria-label={t.filterStatus}>
          <button type="button" class="count-box" aria-pressed={!status} onClick={() => setStatus('')}><strong>{number(total)}</strong> {t.allStatuses}</button>
          {statuses.filter((s) => n(s) || s === status).map((s) => (
            <button key={s} type="button" class="count-box" aria-pressed={s === status} onClick={() => setStatus(s === status ? '' : s)}>
              <strong>{number(n(s))}</strong> {t.status[s]}
            </button>
          ))}
        </div>
      </div>
      {error && <p class="error" role="alert">{error} <Button onClick={() => void read()}>{words.retry}</Button></p>}
      {!first && !error && <p role="status">{words.loading}</p>}
      {first && <People rows={rows} site={site.site} officer={officer} t={t} />}
      {last?.next && <p><Button busy={busy} onClick={() => void read(last.next)}>{t.more}</Button></p>}
      {!officer && <p class="hint">{t.hidden}</p>}
    </>
  );
}

function People({ rows, site, officer, t }: { rows: OverviewRow[]; site: string; officer: boolean; t: ContactsWords }) {
  return (
    <Table
      caption={t.title} rows={rows} id={(r) => r.visitor} empty={t.nobody}
      columns={[
        { key: 'person', title: t.person, cell: (r) => (officer ? <a class="mono" href={to('contacts', site, 'v', r.visitor)}>{short(r.visitor)}</a> : <span class="mono">{short(r.visitor)}</span>) },
        ...(officer ? [{ key: 'contact', title: t.contact, cell: (r: OverviewRow) => <Values row={r} t={t} /> }] : []),
        { key: 'consents', title: t.consents, cell: (r) => <Statuses row={r} t={t} /> },
        { key: 'seen', title: t.firstSeen, narrow: true, cell: (r) => day(r.first_seen) },
      ]}
    />
  );
}

function Values({ row, t }: { row: OverviewRow; t: ContactsWords }) {
  const all = inOrder(row.fields);
  if (!all.length) return <span class="hint">—</span>;
  return (
    <span>
      {all.map(([field, value]) => <span key={field} class="value"><span class="sr">{t.field[field] ?? field}: </span><bdi>{value}</bdi></span>)}
      {row.restricted && <span class="badge warn">{t.restricted}</span>}
    </span>
  );
}

function Statuses({ row, t }: { row: OverviewRow; t: ContactsWords }) {
  const all = Object.entries(row.consents).filter(([, c]) => c.status !== 'not_asked');
  if (!all.length) return <span class="badge">{t.status['not_asked']}</span>;
  return <span class="badges">{all.map(([p, c]) => <span key={p} class={tone(c.status)}>{t.purpose[p] ?? p}: {t.status[c.status] ?? c.status}</span>)}</span>;
}

// Find looks for whoever gave an address. The address goes in the body and into no address bar.
function Find({ site, t }: { site: string; t: ContactsWords }) {
  const [address, setAddress] = useState('');
  const [found, setFound] = useState<string[]>();
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const submit = async (e: Event) => {
    e.preventDefault();
    if (busy) return;
    setBusy(true);
    setError('');
    setFound(undefined);
    try {
      const { visitors } = await post<{ visitors: string[] }>(path('sites', site, 'contacts', 'find'), { address: address.trim() });
      if (visitors.length === 1) go(to('contacts', site, 'v', visitors[0]!));
      else setFound(visitors);
    } catch (why) {
      setError(refusalText(why));
    }
    setBusy(false);
  };
  return (
    <form class="find" role="search" onSubmit={submit}>
      <Field label={t.find} type="search" required maxLength={320} value={address} onInput={setAddress} hint={t.findHint} />
      <Button type="submit" icon="search" busy={busy}>{t.findButton}</Button>
      <div class="find-result" role="status">
        {error && <p class="error">{error}</p>}
        {found && <p>{plural(t.found, found.length)}</p>}
        {found && found.length > 0 && <ul class="badges">{found.map((v) => <li key={v}><a class="mono" href={to('contacts', site, 'v', v)}>{short(v)}</a></li>)}</ul>}
      </div>
    </form>
  );
}

// short is enough of a pseudonym to tell people apart on a page.
export function short(visitor: string): string {
  return visitor.length > 12 ? `${visitor.slice(0, 10)}…` : visitor;
}

export function day(at: string): string {
  return new Date(at).toLocaleDateString(locale.value, { dateStyle: 'medium' });
}

export function stamp(at: string): string {
  return new Date(at).toLocaleString(locale.value, { dateStyle: 'medium', timeStyle: 'short' });
}

export function number(n: number): string {
  return n.toLocaleString(locale.value);
}
