import { useEffect, useState } from 'preact/hooks';

import type { Me } from '../api';
import { useValue } from '../observable';
import { useRoute } from '../router';
import { Icon } from '../ui/icon';
import { ConversationView } from './conversation';
import { Help } from './help';
import { desk, useChatWords } from './here';
import { useKeys } from './keys';
import { List } from './list';
import { People } from './people';
import { backToList, chooseTab, list, step } from './shown';
import { tabs } from './sort';
import { Status } from './status';

// Inbox is the page of those who answer: the list, and the conversation that is open.
export function Inbox({ me }: { me: Me }) {
  const words = useChatWords();
  const route = useRoute();
  const [help, setHelp] = useState(false);
  const open = route[0] === 'c' && route[1] && route[2] ? { site: route[1], id: route[2] } : undefined;
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    '/': () => document.getElementById('search')?.focus(),
    '?': () => setHelp(true),
    a: () => desk.setAway(!desk.away.value),
    Escape: () => { if (open) backToList(); },
    ...Object.fromEntries(tabs.map((t, i) => [String(i + 1), () => chooseTab(t)])),
  });
  useEffect(() => {
    const leaving = (e: BeforeUnloadEvent) => { if (desk.unsent) e.preventDefault(); };
    addEventListener('beforeunload', leaving);
    return () => removeEventListener('beforeunload', leaving);
  }, []);
  return (
    <main class={open ? 'inbox open' : 'inbox'} id="contents" tabIndex={-1}>
      <Status />
      <div class="list-box">
        <List me={me} />
        <People />
      </div>
      {open ? <ConversationView key={`${open.site} ${open.id}`} site={open.site} id={open.id} /> : <Nobody text={words.inbox.chooseText} title={words.inbox.choose} />}
      {help && <Help onClose={() => setHelp(false)} />}
    </main>
  );
}

function Nobody({ title, text }: { title: string; text: string }) {
  const { counts } = useValue(list);
  return (
    <section class="conversation none" aria-label={title}>
      <div class="empty-list">
        <Icon name="inbox" />
        <p><strong>{title}</strong></p>
        {counts.waiting > 0 && <p>{text}</p>}
      </div>
    </section>
  );
}
