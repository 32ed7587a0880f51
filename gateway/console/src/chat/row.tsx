import { fill, plural } from '../language';
import { Icon, type IconName } from '../ui/icon';
import { ago, useNow, visitorName } from './format';
import { desk, useChatWords } from './here';
import { address, names } from './shown';
import { consentOf, type Entry } from './sort';

interface Props {
  entry: Entry;
  many: boolean; // several sites: each row names its own
  here: boolean;
  at: number;
  of: number;
}

export function RowView({ entry, many, here, at, of }: Props) {
  const words = useChatWords();
  useNow(20_000);
  const { row, site, group } = entry;
  const lasts = ago(group === 'waiting' ? row.since : row.at, desk.now);
  const holder = row.owner === 'operator' && group === 'others' ? names.operator(site, row.operator) || words.owner.colleague : '';
  return (
    <li aria-posinset={at} aria-setsize={of} data-conversation={row.conversation}>
      <a class={`row ${group}${row.unread ? ' unread' : ''}`} href={address(entry)} aria-current={here ? 'true' : undefined}>
        <span class="row-top">
          <strong>{visitorName(row.conversation, words)}</strong>
          {many && <bdi class="row-site">{names.site(site)}</bdi>}
          <time class="row-time" dateTime={new Date(row.at).toISOString()}>{group === 'waiting' ? fill(words.inbox.waited, { time: lasts }) : lasts}</time>
        </span>
        <span class="row-text" dir="auto">{row.preview ?? ''}</span>
        <span class="row-foot">
          <Consent status={consentOf(row)} />
          {holder && <span class="badge"><bdi>{holder}</bdi></span>}
          {row.queue && group === 'waiting' && <span class="badge"><bdi>{row.queue}</bdi></span>}
          <bdi class="row-page">{row.page ?? ''}</bdi>
          {row.unread > 0 && <span class="count"><span aria-hidden="true">{row.unread}</span><span class="sr">{plural(words.inbox.unread, row.unread)}</span></span>}
        </span>
      </a>
    </li>
  );
}

const marks: Record<string, { icon: IconName; kind: string }> = {
  granted: { icon: 'check', kind: 'good' },
  declined: { icon: 'close', kind: 'bad' },
  withdrawn: { icon: 'close', kind: 'bad' },
  expired: { icon: 'clock', kind: 'warn' },
  requested: { icon: 'clock', kind: 'info' },
  deferred: { icon: 'clock', kind: 'info' },
};

// Consent says where a purpose stands: with a picture and a word, not with a colour alone. What was
// never asked for has no mark.
export function Consent({ status }: { status: string }) {
  const words = useChatWords();
  const mark = marks[status];
  if (!mark) return null;
  return <span class={`badge ${mark.kind}`}><Icon name={mark.icon} />{words.consent.status[status] ?? status}</span>;
}
