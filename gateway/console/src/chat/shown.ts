// What the inbox shows now: the filter, and the order that follows from it. The list, the keys and the
// title of the window read the same.

import { me } from '../api';
import { texts, desk } from './here';
import { locale } from '../language';
import { remember, remembered } from '../memory';
import { Observable } from '../observable';
import { go, root, route, to } from '../router';
import { visitorName } from './format';
import { everything, sorted, tabs, type Entry, type Filter, type Names, type Sorted, type Tab } from './sort';

const tab = tabs.find((t) => t === remembered('tab')) ?? 'all';
export const filter = new Observable<Filter>({ ...everything, tab });

export function narrow(part: Partial<Filter>): void {
  filter.value = { ...filter.value, ...part };
  if (part.tab) remember('tab', part.tab);
}

export function chooseTab(next: Tab): void {
  narrow({ tab: next });
}

export const names: Names = {
  site: (site) => me.value?.sites.find((s) => s.site === site)?.name ?? site,
  visitor: (conversation) => visitorName(conversation, texts[locale.value]),
  operator: (site, id) => (id ? desk.name(site, id) : ''),
};

export const list = new Observable<Sorted>({ groups: [], counts: { waiting: 0, bot: 0, mine: 0, others: 0 }, waiting: 0, unread: 0, total: 0 });

// Changes come in bursts; the order is made once for each picture that the browser paints. Hidden
// windows paint nothing, and still count.
let due = 0;
function later(): void {
  due ||= setTimeout(() => {
    due = 0;
    list.value = sorted(desk.inboxes.values(), desk.self, filter.value, names);
  }, 30);
}
desk.rows.listen(later);
desk.presence.listen(later);
filter.listen(later);
locale.listen(later);

export function entries(): Entry[] {
  return list.value.groups.flatMap((g) => g.entries);
}

export function address(e: { site: string; row: { conversation: string } }): string {
  return to('c', e.site, e.row.conversation);
}

// step goes to the conversation after (or before) the one that is open.
export function step(by: 1 | -1): void {
  const all = entries();
  if (!all.length) return;
  const [kind, site, conversation] = route.value;
  const at = kind === 'c' ? all.findIndex((e) => e.site === site && e.row.conversation === conversation) : -1;
  const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by));
  go(address(all[next]!));
}

export function backToList(): void {
  go(root);
}
