import { useValue } from '../observable';
import { Dialog } from '../ui/dialog';
import { Check } from '../ui/field';
import { useChatWords } from './here';
import { setSingleKeys, singleKeys } from './keys';

const anywhere = [['j', 'next'], ['k', 'previous'], ['/', 'search'], ['1 – 5', 'tabs'], ['a', 'away'], ['Esc', 'list'], ['?', 'help']] as const;
const conversation = [
  ['t', 'take'], ['r', 'reply'], ['n', 'note'], ['b', 'release'], ['x', 'transfer'], ['e', 'close'], ['c', 'card'], ['/', 'canned'], ['Enter', 'send'], ['Shift Enter', 'newline'],
] as const;

export function Help({ onClose }: { onClose: () => void }) {
  const words = useChatWords();
  const on = useValue(singleKeys);
  const table = (title: string, keys: readonly (readonly [string, string])[]) => (
    <section>
      <h3>{title}</h3>
      <dl class="keys">
        {keys.map(([key, name]) => <div key={name}><dt>{key.split(' ').map((k) => (k === '–' ? ' – ' : <kbd key={k}>{k}</kbd>))}</dt><dd>{words.help.keys[name]}</dd></div>)}
      </dl>
    </section>
  );
  return (
    <Dialog title={words.help.title} wide onClose={onClose}>
      <div class="help">
        {table(words.help.anywhere, anywhere)}
        {table(words.help.conversation, conversation)}
      </div>
      <Check label={<>{words.help.single} <span class="hint">{words.help.singleHint}</span></>} checked={on} onChange={setSingleKeys} />
    </Dialog>
  );
}
