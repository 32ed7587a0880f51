import { useState } from 'preact/hooks';

import { accept, APIError } from '../api';
import { fill, useWords } from '../language';
import { Button } from '../ui/button';
import { Field } from '../ui/field';
import { Entry } from './entry';
import { refusalText } from './refusal';

const shortest = 10; // of a password; the gateway decides
const longest = 200;

const prefix = '#invitation=';

// invitation takes the secret out of the address bar, so that it is in no history and no
// screenshot.
export function invitation(): string {
  if (!location.hash.startsWith(prefix)) return '';
  const token = location.hash.slice(prefix.length);
  history.replaceState(null, '', location.pathname);
  return token;
}

// Accept turns an invitation into an account, or gives an account a new password.
export function Accept({ token, onLeave }: { token: string; onLeave: () => void }) {
  const words = useWords().accept;
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const submit = async (e: Event) => {
    e.preventDefault();
    if (busy) return;
    if (password !== again) {
      setError(words.differ);
      return;
    }
    setBusy(true);
    setError('');
    try {
      await accept(token, name.trim(), password);
      onLeave();
    } catch (why) {
      setError(why instanceof APIError && why.code === 'forbidden' ? words.used : refusalText(why));
      setBusy(false);
    }
  };
  return (
    <Entry title={words.title}>
      <p>{words.text}</p>
      <form class="form" onSubmit={submit}>
        <Field label={words.name} name="name" autocomplete="name" required autofocus value={name} onInput={setName} hint={words.nameHint} />
        <Field
          label={words.password} name="new-password" type="password" autocomplete="new-password" required minLength={shortest} maxLength={longest}
          value={password} onInput={setPassword} hint={fill(words.passwordHint, { n: shortest })}
        />
        <Field label={words.repeat} name="new-password-again" type="password" autocomplete="new-password" required value={again} onInput={setAgain} />
        <p class="error" role="alert">{error}</p>
        <Button kind="primary" type="submit" busy={busy}>{words.submit}</Button>
        <button type="button" class="link" onClick={onLeave}>{words.toSignIn}</button>
      </form>
    </Entry>
  );
}
