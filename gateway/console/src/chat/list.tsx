import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';

import { has, type Me } from '../api';
import { useWords } from '../language';
import { useValue } from '../observable';
import { useRoute } from '../router';
import { Icon } from '../ui/icon';
import { Select } from '../ui/field';
import { desk, useChatWords } from './here';
import { RowView } from './row';
import { chooseTab, filter, list, narrow } from './shown';
import { everything, tabs, type Entry, type Group } from './sort';

// Heights are fixed, so that a list of thousands needs only what is seen. They are those of list.css.
const rowHeight = 74;
const headHeight = 30;
const beyond = 400; // pixels above and below the window that are rendered too

type Item = { kind: 'head'; group: Group; count: number; top: number } | { kind: 'row'; entry: Entry; top: number };

export function List({ me }: { me: Me }) {
  const words = useChatWords();
  return (
    <section class="list" aria-labelledby="list-title">
      <h1 id="list-title" class="sr">{words.inbox.title}</h1>
      <Filters me={me} />
      <Tabs />
      <Rows many={me.sites.length > 1} />
    </section>
  );
}

function Filters({ me }: { me: Me }) {
  const words = useChatWords();
  const f = useValue(filter);
  const mine = me.sites.filter((s) => has(s, ['operator', 'administrator']));
  return (
    <div class="filters">
      <label class="search">
        <span class="sr">{words.inbox.search}</span>
        <Icon name="search" />
        <input id="search" type="search" value={f.text} placeholder={words.inbox.search} onInput={(e) => narrow({ text: e.currentTarget.value })} aria-keyshortcuts="/" />
      </label>
      <div class="selects">
        {mine.length > 1 && (
          <Select
            label={words.inbox.site} hideLabel value={f.site} onChange={(site) => narrow({ site })}
            options={[{ value: '', label: words.inbox.everySite }, ...mine.map((s) => ({ value: s.site, label: s.name }))]}
          />
        )}
        <Select
          label={words.inbox.consent} hideLabel value={f.consent} onChange={(consent) => narrow({ consent })}
          options={Object.entries(words.inbox.consents).map(([value, label]) => ({ value, label }))}
        />
      </div>
    </div>
  );
}

function Tabs() {
  const words = useChatWords();
  const f = useValue(filter);
  const { counts, unread } = useValue(list);
  const all = counts.waiting + counts.bot + counts.mine + counts.others;
  return (
    <div class="tabs" role="group" aria-label={words.inbox.title}>
      {tabs.map((t) => (
        <button key={t} type="button" class="tab" aria-pressed={f.tab === t} onClick={() => chooseTab(t)}>
          {words.inbox.tabs[t]}
          <span class={t === 'waiting' && counts.waiting || t === 'mine' && unread ? 'tab-count hot' : 'tab-count'}>{t === 'all' ? all : counts[t]}</span>
        </button>
      ))}
    </div>
  );
}

function place(groups: { group: Group; entries: Entry[] }[]): { items: Item[]; height: number } {
  const items: Item[] = [];
  let top = 0;
  for (const { group, entries } of groups) {
    items.push({ kind: 'head', group, count: entries.length, top });
    top += headHeight;
    for (const entry of entries) {
      items.push({ kind: 'row', entry, top });
      top += rowHeight;
    }
  }
  return { items, height: top };
}

function Rows({ many }: { many: boolean }) {
  const words = useChatWords();
  const shell = useWords();
  const { groups, total } = useValue(list);
  const status = useValue(desk.status);
  const route = useRoute();
  const ref = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 900 });
  const { items, height } = useMemo(() => place(groups), [groups]);
  const current = route[0] === 'c' ? `${route[1]} ${route[2]}` : '';
  useLayoutEffect(() => {
    const el = ref.current!;
    const look = () => setView((v) => (v.top === el.scrollTop && v.height === el.clientHeight ? v : { top: el.scrollTop, height: el.clientHeight }));
    look();
    const size = new ResizeObserver(look);
    size.observe(el);
    el.addEventListener('scroll', look, { passive: true });
    return () => {
      size.disconnect();
      el.removeEventListener('scroll', look);
    };
  }, []);
  useEffect(() => {
    const item = items.find((i) => i.kind === 'row' && `${i.entry.site} ${i.entry.row.conversation}` === current);
    const el = ref.current!;
    if (!item) return;
    if (item.top < el.scrollTop + headHeight) el.scrollTop = item.top - headHeight;
    else if (item.top + rowHeight > el.scrollTop + el.clientHeight) el.scrollTop = item.top + rowHeight - el.clientHeight;
  }, [current]);
  const from = view.top - beyond;
  const till = view.top + view.height + beyond;
  const seen = items.filter((i) => i.top + rowHeight > from && i.top < till);
  const first = seen[0]?.top ?? 0;
  const rows = items.length - groups.length;
  const numbers = new Map(items.filter((i) => i.kind === 'row').map((i, n) => [i, n + 1]));
  return (
    <div class="rows" ref={ref} tabIndex={-1} onKeyDown={arrows}>
      {rows === 0 && <p class="empty-list">{status.phase !== 'live' && !total ? words.inbox.loading : total ? words.inbox.nothingFound : words.inbox.empty}
        {total > 0 && <button type="button" class="link" onClick={() => { filter.value = everything; }}>{words.inbox.clear}</button>}</p>}
      {rows > 0 && (
        <ul style={{ height: `${height}px`, paddingTop: `${first}px` }} aria-label={shell.inbox}>
          {seen.map((i) => (i.kind === 'head'
            ? <li key={i.group} class={`group ${i.group}`}><h2>{words.inbox.groups[i.group]}</h2><span>{i.count}</span></li>
            : <RowView key={`${i.entry.site} ${i.entry.row.conversation}`} entry={i.entry} many={many}
                here={`${i.entry.site} ${i.entry.row.conversation}` === current} at={numbers.get(i)!} of={rows} />))}
        </ul>
      )}
    </div>
  );
}

// arrows move the focus from row to row.
function arrows(e: KeyboardEvent): void {
  if (e.key !== 'ArrowDown' && e.key !== 'ArrowUp') return;
  const links = [...(e.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('a.row')];
  const at = links.indexOf(document.activeElement as HTMLElement);
  const next = links[at + (e.key === 'ArrowDown' ? 1 : -1)];
  if (!next) return;
  e.preventDefault();
  next.focus();
}
