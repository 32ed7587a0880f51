import { useState } from 'preact/hooks';

import { changePassword, signOut, type Me } from '../api';
import { fill, useWords } from '../language';
import { Button } from '../ui/button';
import { Confirm, Dialog } from '../ui/dialog';
import { Field } from '../ui/field';
import { Menu, MenuItem } from '../ui/menu';
import { toast } from '../ui/toast';
import { notifying, setNotifying } from '../chat/notify';
import { useValue } from '../observable';
import type { Words } from '../words/words';
import { refusalText } from './refusal';

const shortest = 10;

export function Account({ me }: { me: Me }) {
  const words = useWords();
  const [open, setOpen] = useState<'' | 'password' | 'everywhere'>('');
  const [busy, setBusy] = useState(false);
  const on = useValue(notifying);
  const leave = async (everywhere: boolean) => {
    setBusy(true);
    try {
      await signOut(everywhere);
    } catch (why) {
      setBusy(false);
      toast(refusalText(why), true);
    }
  };
  return (
    <>
      <Menu class="account" label={`${words.account.menu}: ${me.operator.name}`} text={<span class="avatar" aria-hidden="true">{initial(me.operator.name)}</span>}>
        <p class="menu-note">{words.account.signedInAs} <strong><bdi>{me.operator.name}</bdi></strong><br /><bdi>{me.operator.login}</bdi></p>
        <MenuItem icon="bell" onClick={() => void switchNotifications(words)}>{words.account.notifications}{on && ' ✓'}</MenuItem>
        <MenuItem icon="lock" onClick={() => setOpen('password')}>{words.account.password}</MenuItem>
        <MenuItem icon="external" onClick={() => void leave(false)}>{words.account.signOut}</MenuItem>
        <MenuItem icon="external" onClick={() => setOpen('everywhere')}>{words.account.everywhere}</MenuItem>
      </Menu>
      {open === 'password' && <Password onClose={() => setOpen('')} />}
      {open === 'everywhere' && (
        <Confirm title={words.account.everywhere} action={words.account.everywhere} busy={busy} onConfirm={() => void leave(true)} onClose={() => setOpen('')}>
          <p>{words.account.everywhereText}</p>
        </Confirm>
      )}
    </>
  );
}

async function switchNotifications(words: Words): Promise<void> {
  const on = !notifying.value;
  if (!await setNotifying(on)) toast(words.account.notificationsBlocked, true);
  else toast(on ? words.account.notificationsOn : words.account.notificationsOff);
}

function Password({ onClose }: { onClose: () => void }) {
  const words = useWords();
  const [old, setOld] = useState('');
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const submit = async (e: Event) => {
    e.preventDefault();
    if (busy) return;
    if (next !== again) {
      setError(words.accept.differ);
      return;
    }
    setBusy(true);
    try {
      await changePassword(old, next);
      toast(words.account.changed);
      onClose();
    } catch (why) {
      setError(refusalText(why));
      setBusy(false);
    }
  };
  return (
    <Dialog title={words.account.password} onClose={onClose}>
      <form class="form" onSubmit={submit}>
        <Field label={words.account.old} type="password" autocomplete="current-password" required autofocus value={old} onInput={setOld} />
        <Field
          label={words.account.next} type="password" autocomplete="new-password" required minLength={shortest} value={next} onInput={setNext}
          hint={fill(words.accept.passwordHint, { n: shortest })}
        />
        <Field label={words.accept.repeat} type="password" autocomplete="new-password" required value={again} onInput={setAgain} />
        <p class="error" role="alert">{error}</p>
        <footer class="dialog-foot">
          <Button onClick={onClose}>{words.cancel}</Button>
          <Button kind="primary" type="submit" busy={busy}>{words.save}</Button>
        </footer>
      </form>
    </Dialog>
  );
}

// initial is the first letter that is seen; a name may begin with marks that are not.
export function initial(name: string): string {
  return (/[\p{L}\p{N}]/u.exec(name)?.[0] ?? '?').toLocaleUpperCase();
}
