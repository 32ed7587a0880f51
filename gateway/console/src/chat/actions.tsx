import { useState } from 'preact/hooks';

import { useValue } from '../observable';
import type { Conversation } from '../desk/conversation';
import { Button } from '../ui/button';
import { Confirm, Dialog } from '../ui/dialog';
import { Menu, MenuItem } from '../ui/menu';
import { initial } from '../shell/account';
import { can, close, release, sendCard, take, transfer } from './doing';
import { desk, useChatWords } from './here';

export type Ask = '' | 'transfer' | 'card';

interface Props { of: Conversation; asking: Ask; ask: (a: Ask) => void }

// Actions are the presses of a conversation's head. What is not possible now is not there.
export function Actions({ of: c, asking, ask }: Props) {
  const words = useChatWords();
  const [busy, setBusy] = useState('');
  const may = can(c);
  const run = (name: string, what: () => Promise<boolean>) => async () => {
    setBusy(name);
    await what();
    setBusy('');
  };
  const others = may.toQueue || may.card || (may.close && !may.mine);
  return (
    <div class="actions">
      {may.take && <Button kind="primary" shortcut="t" busy={busy === 'take'} label={words.act.take} onClick={run('take', () => take(c))}>{words.act.take}</Button>}
      {may.mine && <Button shortcut="b" icon="bot" class="wide-only" busy={busy === 'release'} label={words.act.release} onClick={run('release', () => release(c, 'bot'))}>{words.act.release}</Button>}
      {may.transfer && <Button shortcut="x" icon="transfer" class="wide-only" label={words.act.transfer} onClick={() => ask('transfer')}>{words.act.transfer}</Button>}
      {may.mine && <Button shortcut="e" icon="check" class="wide-only" busy={busy === 'close'} label={words.act.close} onClick={run('close', () => close(c))}>{words.act.close}</Button>}
      {(others || may.mine) && (
        <Menu label={words.act.more} icon="more" class={others ? '' : 'narrow-only'}>
          {may.release && <MenuItem icon="bot" onClick={() => void release(c, 'bot')}>{words.act.release}</MenuItem>}
          {may.toQueue && <MenuItem icon="clock" onClick={() => void release(c, 'queue')}>{words.act.toQueue}</MenuItem>}
          {may.transfer && <MenuItem icon="transfer" onClick={() => ask('transfer')}>{words.act.transfer}</MenuItem>}
          {may.card && <MenuItem icon="card" onClick={() => ask('card')}>{words.act.card}</MenuItem>}
          {may.close && <MenuItem icon="check" onClick={() => void close(c)}>{words.act.close}</MenuItem>}
        </Menu>
      )}
      {asking === 'transfer' && <Transfer of={c} onClose={() => ask('')} />}
      {asking === 'card' && (
        <Confirm title={words.act.card} action={words.act.card} busy={busy === 'card'} onClose={() => ask('')} onConfirm={() => { void run('card', () => sendCard(c))().then(() => ask('')); }}>
          <p>{words.act.cardText}</p>
        </Confirm>
      )}
    </div>
  );
}

function Transfer({ of: c, onClose }: { of: Conversation; onClose: () => void }) {
  const words = useChatWords();
  const [busy, setBusy] = useState('');
  const colleagues = (useValue(desk.presence).get(c.site) ?? []).filter((p) => p.id !== desk.self);
  const give = async (to: string) => {
    setBusy(to);
    if (await transfer(c, to)) onClose();
    else setBusy('');
  };
  return (
    <Dialog title={words.act.transferTo} onClose={onClose}>
      <p class="hint">{words.act.transferText}</p>
      {colleagues.length === 0 && <p>{words.act.nobody}</p>}
      <ul class="colleagues">
        {[...colleagues].sort((a, b) => Number(!!a.away) - Number(!!b.away) || (a.conversations ?? 0) - (b.conversations ?? 0)).map((p) => (
          <li key={p.id}>
            <Button kind="quiet" class="colleague" busy={busy === p.id} onClick={() => void give(p.id)}>
              <span class="avatar" aria-hidden="true">{initial(p.name)}</span>
              <bdi>{p.name}</bdi>
              <Load away={!!p.away} conversations={p.conversations ?? 0} />
            </Button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

function Load({ away, conversations }: { away: boolean; conversations: number }) {
  const words = useChatWords();
  return <span class={away ? 'badge warn' : 'badge'}>{away ? words.people.away : words.people.here} · {conversations}</span>;
}
