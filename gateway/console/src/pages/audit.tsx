// Who did what with personal data, newest first.

import { useEffect, useState } from 'preact/hooks';

import { get, path } from '../api';
import { useTexts, useWords } from '../language';
import { to } from '../router';
import { refusalText } from '../shell/refusal';
import { Button } from '../ui/button';
import { Table } from '../ui/table';
import { short, stamp } from './contacts';
import type { AuditEntry } from './contacts.api';
import { contactsWords, type ContactsWords } from './contacts.words';

interface Page {
  entries: AuditEntry[];
  next?: string;
}

export function Audit({ site, visitor }: { site: string; visitor?: string }) {
  const t = useTexts(contactsWords);
  const words = useWords();
  const [pages, setPages] = useState<Page[]>([]);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const read = async (after?: string) => {
    setBusy(true);
    setError('');
    try {
      const page = await get<Page>(path('sites', site, 'audit'), { visitor, after });
      setPages((was) => (after ? [...was, page] : [page]));
    } catch (why) {
      setError(refusalText(why));
    }
    setBusy(false);
  };
  useEffect(() => { void read(); }, [site, visitor]);
  const last = pages[pages.length - 1];
  return (
    <>
      {error && <p class="error" role="alert">{error} <Button onClick={() => void read()}>{words.retry}</Button></p>}
      {!last && !error && <p role="status">{words.loading}</p>}
      {last && (
        <Table
          caption={t.audit} rows={pages.flatMap((p) => p.entries)} id={(e) => e.id} empty={t.noAudit}
          columns={[
            { key: 'at', title: t.when, narrow: true, cell: (e) => <time dateTime={e.at}>{stamp(e.at)}</time> },
            { key: 'actor', title: t.who, cell: (e) => <bdi>{actorOf(e.actor, t)}</bdi> },
            { key: 'action', title: t.what, cell: (e) => t.action[e.action] ?? e.action },
            { key: 'visitor', title: t.whom, cell: (e) => (e.visitor ? <a class="mono" href={to('contacts', site, 'v', e.visitor)}>{short(e.visitor)}</a> : e.count ? `${t.people}: ${e.count}` : '—') },
            { key: 'reason', title: t.why, cell: (e) => <bdi>{e.reason || '—'}</bdi> },
          ]}
        />
      )}
      {last?.next && <p><Button busy={busy} onClick={() => void read(last.next)}>{t.more}</Button></p>}
    </>
  );
}

// actorOf names an actor's kind in the reader's language; whose id it is stays as recorded.
export function actorOf(actor: string, t: ContactsWords): string {
  const [kind = '', id] = actor.split(':', 2);
  return id ? `${t.by[kind] ?? kind} (${short(id)})` : t.by[kind] ?? kind;
}
