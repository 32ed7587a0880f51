import { useState } from 'preact/hooks';

import { me } from '../api';
import { fill } from '../language';
import type { Conversation } from '../desk/conversation';
import type { Card, Consent as Standing } from '../desk/protocol';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Icon } from '../ui/icon';
import { can } from './doing';
import { CardText } from './event';
import { languageName, moment } from './format';
import { useChatWords } from './here';
import { Consent } from './row';

// Side is what an operator should have in view beside the lines: consent first.
export function Side({ of: c, onCard }: { of: Conversation; onCard: () => void }) {
  const words = useChatWords();
  const s = c.state;
  const site = me.value?.sites.find((x) => x.site === c.site);
  if (!s) return null;
  const purposes = [...new Set([...(site?.purposes ?? []), ...Object.keys(s.consents)])];
  const granted = s.consents['lead_contact']?.status === 'granted';
  const may = can(c);
  return (
    <aside class="side" aria-label={words.act.details}>
      <section>
        <h3>{words.consent.title}</h3>
        <ul class="purposes">
          {purposes.map((p) => <Purpose key={p} code={p} standing={s.consents[p]} of={c} />)}
        </ul>
        {may.card && <Button icon="card" shortcut="c" label={words.act.card} onClick={onCard}>{words.act.card}</Button>}
        {s.card_sent && <p class="hint"><Icon name="check" /> {words.act.cardSent}</p>}
      </section>
      <section>
        <h3>{words.consent.held}</h3>
        {s.held.length > 0
          ? <ul class="held">{s.held.map((f) => <li key={f}><Icon name="check" />{words.consent.field[f] ?? f}</li>)}</ul>
          : <p class="hint">{granted ? words.consent.heldNone : <><Icon name="lock" /> {words.consent.locked}</>}</p>}
      </section>
      <section>
        <h3>{words.about.title}</h3>
        <dl class="facts">
          <Fact name={words.about.page} value={s.page} />
          <Fact name={words.about.language} value={languageName(s.locale)} />
          <Fact name={words.about.queue} value={s.queue} />
          <Fact name={words.about.expects} value={s.owner === 'bot' ? words.expect[s.expect.kind] : undefined} />
          <Fact name={words.about.visitor} value={c.visitor} />
        </dl>
      </section>
    </aside>
  );
}

function Fact({ name, value }: { name: string; value: string | undefined }) {
  if (!value) return null;
  return <div><dt>{name}</dt><dd><bdi>{value}</bdi></dd></div>;
}

function Purpose({ code, standing, of: c }: { code: string; standing: Standing | undefined; of: Conversation }) {
  const words = useChatWords();
  const [reading, setReading] = useState(false);
  const name = words.consent.purpose[code] ?? code;
  const method = standing?.method ? words.consent.method[standing.method] ?? standing.method : '';
  return (
    <li data-purpose={code} data-status={standing?.status ?? 'none'}>
      <p class="purpose-name">{name} {standing ? <Consent status={standing.status} /> : <span class="badge">{words.consent.status['none']}</span>}</p>
      {!!standing?.at && <p class="hint">{moment(standing.at)}{method && ` · ${method}`}</p>}
      {standing?.notice && <button type="button" class="link" onClick={() => setReading(true)}>{words.consent.text}</button>}
      {reading && <Shown notice={standing!.notice!} of={c} onClose={() => setReading(false)} />}
    </li>
  );
}

// Shown is the text that was agreed to, word by word.
function Shown({ notice, of: c, onClose }: { notice: string; of: Conversation; onClose: () => void }) {
  const words = useChatWords();
  const card: Card | undefined = c.events.find((e) => e.card?.notice === notice)?.card;
  return (
    <Dialog title={words.consent.text} onClose={onClose}>
      {card ? <CardText card={card} words={words} /> : <p>{fill(words.consent.textGone, { notice: notice.slice(0, 12) })}</p>}
      <p class="hint notice-hash">{notice}</p>
    </Dialog>
  );
}
