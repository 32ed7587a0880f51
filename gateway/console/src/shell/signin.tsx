import { useState } from 'preact/hooks';

import { signIn } from '../api';
import { useWords } from '../language';
import { Button } from '../ui/button';
import { Field } from '../ui/field';
import { Entry } from './entry';
import { refusalText } from './refusal';

export function SignIn({ left }: { left: boolean }) {
  const words = useWords().signIn;
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const submit = async (e: Event) => {
    e.preventDefault();
    if (busy) return;
    setBusy(true);
    setError('');
    try {
      await signIn(login.trim(), password);
    } catch (why) {
      setError(refusalText(why));
      setBusy(false);
    }
  };
  return (
    <Entry title={words.title}>
      {left && <p class="hint" role="status">{words.ended}</p>}
      <form class="form" onSubmit={submit}>
        <Field label={words.login} name="username" autocomplete="username" required autofocus value={login} onInput={setLogin} />
        <Field label={words.password} name="password" type="password" autocomplete="current-password" required value={password} onInput={setPassword} />
        <p class="error" role="alert">{error}</p>
        <Button kind="primary" type="submit" busy={busy}>{words.submit}</Button>
        <p class="hint">{words.help}</p>
      </form>
    </Entry>
  );
}
