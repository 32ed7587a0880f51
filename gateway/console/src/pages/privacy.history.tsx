// The revisions of a site's settings, newest first; each can be looked at and put back into the form.

import { useEffect, useState } from 'preact/hooks';

import { get } from '../api';
import { fill, useTexts } from '../language';
import { refusalText } from '../shell/refusal';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { toast } from '../ui/toast';
import { actorOf } from './audit';
import { stamp } from './contacts';
import { contactsWords } from './contacts.words';
import { changed, type Revision, type Settings } from './privacy.api';
import type { PrivacyWords } from './privacy.words';

interface Row {
  revision: number;
  actor: string;
  at: string;
}

export function History({ at, now, t, onRestore }: { at: string; now: Revision; t: PrivacyWords; onRestore: ((s: Settings) => void) | undefined }) {
  const who = useTexts(contactsWords);
  const [rows, setRows] = useState<Row[]>([]);
  const [open, setOpen] = useState<Revision>();
  useEffect(() => {
    get<{ revisions: Row[] }>(`${at}/revisions`).then((r) => setRows(r.revisions), () => setRows([]));
  }, [at, now.revision]);
  const look = async (n: number) => {
    try {
      setOpen(await get<Revision>(`${at}/revisions/${n}`));
    } catch (why) {
      toast(refusalText(why), true);
    }
  };
  if (!rows.length) return null;
  return (
    <section class="panel stack">
      <h2>{t.revisions}</h2>
      <ol class="stack">
        {rows.map((r) => (
          <li key={r.revision} class="page-tools">
            <span><strong>{r.revision}</strong> {r.actor === 'file' ? t.file : actorOf(r.actor, who)} <span class="hint">{stamp(r.at)}</span></span>
            <Button onClick={() => void look(r.revision)}>{fill(t.look, { n: r.revision })}</Button>
          </li>
        ))}
      </ol>
      {open && (
        <Dialog title={fill(t.look, { n: open.revision })} onClose={() => setOpen(undefined)} wide>
          <ul class="diff">
            {changed(now.settings, open.settings).map((d) => <li key={d.path}><code>{d.path}</code>{d.was && <del><bdi>{d.was}</bdi></del>}{d.is && <ins><bdi>{d.is}</bdi></ins>}</li>)}
          </ul>
          {changed(now.settings, open.settings).length === 0 && <p class="hint">{t.noChanges}</p>}
          {onRestore && (
            <footer class="dialog-foot">
              <Button kind="primary" onClick={() => { onRestore(open.settings); setOpen(undefined); }}>{t.restore}</Button>
            </footer>
          )}
        </Dialog>
      )}
    </section>
  );
}
