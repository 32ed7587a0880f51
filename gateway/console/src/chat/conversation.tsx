import { useEffect, useMemo, useState } from 'preact/hooks';

import { fill } from '../language';
import { useValue } from '../observable';
import type { Conversation } from '../desk/conversation';
import type { Item } from '../desk/outbox';
import { Button } from '../ui/button';
import { initial } from '../shell/account';
import { Actions, type Ask } from './actions';
import { Composer, type Mode } from './composer';
import { can, close, holder, release, take } from './doing';
import { ago, useNow, visitorName } from './format';
import { desk, useChatWords } from './here';
import { useConversationKeys } from './keys';
import { backToList, names } from './shown';
import { Side } from './side';
import { Timeline } from './timeline';

// ConversationView shows one conversation from the moment it is opened until another is.
export function ConversationView({ site, id }: { site: string; id: string }) {
  const words = useChatWords();
  const c = useMemo(() => desk.conversation(site, id), [site, id]);
  useEffect(() => {
    desk.show(c);
    return () => desk.hide(c);
  }, [c]);
  useValue(c.changed);
  const [mode, setMode] = useState<Mode>('reply');
  const [wanted, setWanted] = useState(0);
  const [asking, ask] = useState<Ask>('');
  const [details, setDetails] = useState(false);
  const write = (m: Mode) => {
    setMode(m);
    setWanted((n) => n + 1);
  };
  const may = can(c);
  useConversationKeys({
    t: () => { if (may.take) void take(c).then((taken) => { if (taken) write('reply'); }); },
    r: () => write('reply'),
    n: () => write('note'),
    b: () => { if (may.release) void release(c, 'bot'); },
    x: () => { if (may.transfer) ask('transfer'); },
    e: () => { if (may.close) void close(c); },
    c: () => { if (may.card) ask('card'); },
  });
  if (c.gone) {
    return (
      <section class="conversation none" aria-label={visitorName(id, words)}>
        <Button kind="quiet" icon="back" class="back" label={words.act.back} onClick={backToList} />
        <p class="empty-list">{words.gone[c.gone] ?? words.gone['']}</p>
      </section>
    );
  }
  const edit = (item: Item) => {
    if (item.input.t === 'say') c.draft = item.input.text;
    else if (item.input.t === 'note') c.draftNote = item.input.text;
    c.outbox.drop(item);
    write(item.input.t === 'note' ? 'note' : 'reply');
  };
  return (
    <section class={details ? 'conversation with-details' : 'conversation'} aria-labelledby="conversation-title" data-owner={c.state?.owner} data-live={c.live}>
      <Head of={c} asking={asking} ask={ask} details={details} onDetails={() => setDetails(!details)} />
      <div class="conversation-body">
        <div class="talk">
          <Timeline key={c.id} of={c} onEdit={edit} />
          <Composer of={c} mode={mode} onMode={setMode} wanted={wanted} />
        </div>
        <Side of={c} onCard={() => ask('card')} />
      </div>
    </section>
  );
}

interface HeadProps { of: Conversation; asking: Ask; ask: (a: Ask) => void; details: boolean; onDetails: () => void }

function Head({ of: c, asking, ask, details, onDetails }: HeadProps) {
  const words = useChatWords();
  return (
    <header class="conversation-head">
      <Button kind="quiet" icon="back" class="back" label={words.act.back} onClick={backToList} />
      <div class="conversation-name">
        <h2 id="conversation-title">{visitorName(c.id, words)} <span class="row-site"><bdi>{names.site(c.site)}</bdi></span></h2>
        <p class="conversation-owner"><Holder of={c} /><Lookers of={c} /></p>
      </div>
      <Actions of={c} asking={asking} ask={ask} />
      <Button kind="quiet" icon="info" class="details-toggle" label={words.act.details} expanded={details} onClick={onDetails} />
    </header>
  );
}

function Holder({ of: c }: { of: Conversation }) {
  const words = useChatWords();
  useNow(20_000);
  const s = c.state;
  if (!s) return null;
  const mine = s.owner === 'operator' && s.operator === desk.self;
  const text = mine ? words.owner.self : fill(words.owner[s.owner], { name: holder(c, words), time: ago(s.since, desk.now) });
  const kind = mine ? 'good' : s.owner === 'queue' ? 'warn' : s.owner === 'operator' ? 'info' : '';
  return <span class={`badge ${kind}`} role="status"><bdi>{text}</bdi></span>;
}

// Lookers are the colleagues who have this conversation open too.
function Lookers({ of: c }: { of: Conversation }) {
  const words = useChatWords();
  const here = (useValue(desk.presence).get(c.site) ?? []).filter((p) => p.id !== desk.self && p.watching?.includes(c.id));
  if (!here.length) return null;
  const text = fill(words.watching, { names: here.map((p) => p.name).join(', ') });
  return (
    <span class="lookers" title={text}>
      <span class="sr">{text}</span>
      {here.slice(0, 4).map((p) => <span key={p.id} class="avatar small" aria-hidden="true">{initial(p.name)}</span>)}
      {here.length > 4 && <span class="badge" aria-hidden="true">+{here.length - 4}</span>}
    </span>
  );
}
