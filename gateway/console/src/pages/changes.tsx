// What a privacy officer does on a person's request. Each is an input like any other: it is done when
// the contact store has it, and the visitor's open chats learn of it at once.

import { useState } from 'preact/hooks';

import { post, type StaffSite } from '../api';
import { fill, useWords } from '../language';
import { refusalText } from '../shell/refusal';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Field, Select } from '../ui/field';
import type { IconName } from '../ui/icon';
import type { Person } from './contacts.api';
import type { ContactsWords } from './contacts.words';

type Kind = 'withdraw' | 'correct' | 'restrict' | 'free' | 'erase';

const icons: Record<Kind, IconName> = { withdraw: 'close', correct: 'edit', restrict: 'lock', free: 'check', erase: 'trash' };

interface Props {
  at: string;
  site: StaffSite;
  person: Person;
  t: ContactsWords;
  onDone: () => void;
}

export function Changes(p: Props) {
  const { person, t } = p;
  const [open, setOpen] = useState<Kind>();
  const has = Object.keys(person.fields ?? {}).length > 0;
  const agreed = Object.values(person.consents).some((c) => c.status === 'granted');
  const kinds: Kind[] = person.erased_at ? [] : [
    ...(agreed || has ? ['withdraw' as const] : []),
    ...(has ? ['correct' as const, person.restricted_at ? 'free' as const : 'restrict' as const] : []),
    'erase',
  ];
  if (!kinds.length) return null;
  return (
    <section class="panel stack">
      <h2>{t.actions}</h2>
      {kinds.map((k) => <Button key={k} kind={k === 'erase' ? 'danger' : 'plain'} icon={icons[k]} onClick={() => setOpen(k)}>{t[k]}</Button>)}
      {open && <Change {...p} kind={open} onClose={() => setOpen(undefined)} onDone={() => { setOpen(undefined); p.onDone(); }} />}
    </section>
  );
}

function Change({ at, site, person, kind, t, onClose, onDone }: Props & { kind: Kind; onClose: () => void }) {
  const words = useWords();
  const [reason, setReason] = useState('');
  const [purpose, setPurpose] = useState('');
  const [fields, setFields] = useState<Record<string, string>>({ ...person.fields });
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const changed = Object.fromEntries(Object.entries(fields).filter(([f, v]) => v.trim() !== person.fields?.[f]));
  const ready = (kind !== 'erase' || typed.trim().toLocaleLowerCase() === t.eraseWord) && (kind !== 'correct' || Object.keys(changed).length > 0);
  const submit = async (e: Event) => {
    e.preventDefault();
    if (busy || !ready) return;
    setBusy(true);
    setError('');
    const body: Record<string, unknown> = reason.trim() ? { reason: reason.trim() } : {};
    if (kind === 'withdraw' && purpose) body['purposes'] = [purpose];
    if (kind === 'correct') body['fields'] = changed;
    try {
      await post(`${at}/${kind}`, body);
      onDone();
    } catch (why) {
      setError(refusalText(why));
      setBusy(false);
    }
  };
  const granted = site.purposes.filter((p) => person.consents[p]?.status === 'granted');
  const text = { withdraw: t.withdrawText, correct: t.correctText, restrict: t.restrictText, free: t.freeText, erase: t.eraseText }[kind];
  return (
    <Dialog title={t[kind]} onClose={onClose}>
      <form class="form" onSubmit={submit}>
        <p>{text}</p>
        {kind === 'withdraw' && granted.length > 1 && (
          <Select label={t.filterPurpose} value={purpose} onChange={setPurpose} options={[{ value: '', label: t.withdrawAll }, ...granted.map((p) => ({ value: p, label: t.purpose[p] ?? p }))]} />
        )}
        {kind === 'correct' && Object.keys(person.fields ?? {}).map((f) => (
          <Field key={f} label={t.field[f] ?? f} value={fields[f] ?? ''} onInput={(v) => setFields({ ...fields, [f]: v })} />
        ))}
        {kind === 'erase' && <Field label={fill(t.eraseType, { word: t.eraseWord })} required value={typed} onInput={setTyped} />}
        <Field label={t.reason} maxLength={400} value={reason} onInput={setReason} hint={t.reasonHint} />
        <p class="error" role="alert">{error}</p>
        <footer class="dialog-foot">
          <Button onClick={onClose}>{words.cancel}</Button>
          <Button kind={kind === 'erase' ? 'danger' : 'primary'} type="submit" busy={busy} disabled={!ready}>{t[kind]}</Button>
        </footer>
      </form>
    </Dialog>
  );
}
