// What a site asks its visitors, and what for. The form is a draft: what it would look like and what
// is wrong with it comes from the gateway, which makes the texts.

import { useEffect, useState } from 'preact/hooks';

import { APIError, get, has, path, post, put as send } from '../api';
import { fill, useTexts, useWords } from '../language';
import type { PageProps } from '../pages';
import { refusalText } from '../shell/refusal';
import { Button } from '../ui/button';
import { Confirm } from '../ui/dialog';
import { toast } from '../ui/toast';
import { actorOf } from './audit';
import { contactsWords } from './contacts.words';
import { changed, type Preview, type Revision, type Settings } from './privacy.api';
import { Form } from './privacy.form';
import { Shown } from './privacy.preview';
import { History } from './privacy.history';
import { privacyWords, type PrivacyWords } from './privacy.words';

const settle = 500; // milliseconds after the last key

export function Privacy({ site }: PageProps) {
  const t = useTexts(privacyWords);
  const words = useWords();
  const [now, setNow] = useState<Revision>();
  const [draft, setDraft] = useState<Settings>();
  // What is put into the form from outside makes its fields anew.
  const [filled, setFilled] = useState(0);
  const [error, setError] = useState('');
  const at = path('sites', site.site, 'privacy');
  const put = (s: Settings) => {
    setDraft(s);
    setFilled((n) => n + 1);
  };
  const take = (r: Revision) => {
    setNow(r);
    put(r.settings);
  };
  const read = async () => {
    setError('');
    try {
      take(await get<Revision>(at));
    } catch (why) {
      setError(refusalText(why));
    }
  };
  useEffect(() => { void read(); }, [at]);
  if (!now || !draft) {
    return error ? <p class="error" role="alert">{error} <Button onClick={() => void read()}>{words.retry}</Button></p> : <p role="status">{words.loading}</p>;
  }
  const may = has(site, ['administrator']);
  return (
    <>
      <p class="hint">{t.intro}</p>
      <InForce now={now} t={t} />
      {!may && <p class="hint">{t.readOnly}</p>}
      <div class="privacy">
        <Form key={filled} settings={draft} locales={now.locales} disabled={!may} t={t} onChange={setDraft} />
        <div class="stack aside">
          <Draft at={at} now={now} draft={draft} may={may} t={t} onSaved={take} onReset={() => put(now.settings)} onReload={() => void read()} />
        </div>
      </div>
      <History at={at} now={now} t={t} onRestore={may ? put : undefined} />
    </>
  );
}

function InForce({ now, t }: { now: Revision; t: PrivacyWords }) {
  const who = useTexts(contactsWords);
  return <p><span class="badge info">{fill(t.revision, { n: now.revision, who: now.actor === 'file' ? t.file : actorOf(now.actor, who) })}</span></p>;
}

interface DraftProps {
  at: string;
  now: Revision;
  draft: Settings;
  may: boolean;
  t: PrivacyWords;
  onSaved: (r: Revision) => void;
  onReset: () => void;
  onReload: () => void;
}

// Draft shows what the settings in the form would look like, and saves them.
function Draft({ at, now, draft, may, t, onSaved, onReset, onReload }: DraftProps) {
  const [preview, setPreview] = useState<Preview>();
  const [seen, setSeen] = useState<Settings>(); // what the preview is of
  const [error, setError] = useState('');
  const [conflict, setConflict] = useState(false);
  const [busy, setBusy] = useState(false);
  const [ask, setAsk] = useState(false);
  useEffect(() => {
    let over = false;
    const timer = setTimeout(() => {
      post<Preview>(`${at}/preview`, { settings: draft }).then(
        (p) => { if (!over) { setPreview(p); setSeen(draft); setError(''); } },
        (why: unknown) => { if (!over) setError(refusalText(why)); },
      );
    }, preview ? settle : 0);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [at, draft]);
  const differs = changed(now.settings, draft);
  const save = async () => {
    setAsk(false);
    setBusy(true);
    setError('');
    try {
      const made = await send<Revision>(at, { base: now.revision, settings: draft });
      toast(fill(t.saved, { n: made.revision }));
      setConflict(false);
      onSaved(made);
    } catch (why) {
      setConflict(why instanceof APIError && why.code === 'conflict');
      setError(refusalText(why));
    }
    setBusy(false);
  };
  const bad = !!preview?.problems.length;
  return (
    <>
      {may && (
        <section class="panel stack">
          <h2>{t.changes}</h2>
          {differs.length === 0 && <p class="hint">{t.noChanges}</p>}
          <ul class="diff">
            {differs.map((d) => <li key={d.path}><code>{d.path}</code>{d.was && <del><bdi>{d.was}</bdi></del>}{d.is && <ins><bdi>{d.is}</bdi></ins>}</li>)}
          </ul>
          {preview?.anew && <p class="badge warn">{t.anew}</p>}
          <div role="alert">
            {error && <p class="error">{error}</p>}
            {bad && <><p class="error">{t.problems}</p><ul class="problems">{preview.problems.map((p) => <li key={p} dir="auto">{p}</li>)}</ul></>}
          </div>
          {conflict && <p>{t.conflict} <Button onClick={onReload}>{t.reload}</Button></p>}
          <div class="dialog-foot">
            <Button disabled={!differs.length} onClick={onReset}>{t.reset}</Button>
            <Button kind="primary" busy={busy} disabled={!differs.length || bad || seen !== draft} onClick={() => (preview?.anew ? setAsk(true) : void save())}>{t.save}</Button>
          </div>
        </section>
      )}
      {preview && <Shown preview={preview} t={t} />}
      {ask && (
        <Confirm title={t.confirm} action={t.save} onConfirm={() => void save()} onClose={() => setAsk(false)}>
          <p>{t.confirmText}</p>
          <p>{t.anew}</p>
        </Confirm>
      )}
    </>
  );
}
