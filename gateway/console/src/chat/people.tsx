import { useState } from 'preact/hooks';

import { plural } from '../language';
import { useValue } from '../observable';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { initial } from '../shell/account';
import { desk, useChatWords } from './here';
import { names } from './shown';

// People is the foot of the list: whether I take conversations, and who else is here.
export function People() {
  const words = useChatWords();
  const [open, setOpen] = useState(false);
  const away = useValue(desk.away);
  const sites = [...useValue(desk.presence)];
  const others = new Set(sites.flatMap(([, list]) => list.filter((p) => p.id !== desk.self).map((p) => p.id)));
  return (
    <footer class={away ? 'people away' : 'people'}>
      <Button kind="quiet" class="people-open" icon="people" label={words.people.title} onClick={() => setOpen(true)}>{words.people.title} <span class="badge">{others.size + 1}</span></Button>
      <Button shortcut="a" pressed={away} label={words.people.setAway} onClick={() => desk.setAway(!away)}>{away ? words.people.setBack : words.people.setAway}</Button>
      {away && <p class="away-now" role="status">{words.people.awayNow}</p>}
      {open && (
        <Dialog title={words.people.title} onClose={() => setOpen(false)}>
          {sites.map(([site, list]) => (
            <section key={site}>
              {sites.length > 1 && <h3><bdi>{names.site(site)}</bdi></h3>}
              <ul class="colleagues">
                {list.map((p) => (
                  <li key={p.id} class="colleague">
                    <span class="avatar" aria-hidden="true">{initial(p.name)}</span>
                    <bdi>{p.name}{p.id === desk.self ? ` (${words.you})` : ''}</bdi>
                    <span class={p.away ? 'badge warn' : 'badge good'}>{p.away ? words.people.away : words.people.here}</span>
                    <span class="hint">{plural(words.inbox.conversations, p.conversations ?? 0)}</span>
                  </li>
                ))}
              </ul>
            </section>
          ))}
        </Dialog>
      )}
    </footer>
  );
}
