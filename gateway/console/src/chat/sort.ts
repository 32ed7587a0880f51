// The inbox in order: waiting first, the oldest first; then what the bot has, the newest first; then
// mine; then what colleagues have. Pure.

import type { Row } from '../desk/protocol';

export type Group = 'waiting' | 'bot' | 'mine' | 'others';
export const groups: readonly Group[] = ['waiting', 'bot', 'mine', 'others'];
export type Tab = 'all' | Group;
export const tabs: readonly Tab[] = ['all', ...groups];

export interface Entry { site: string; row: Row; group: Group }

export interface Filter {
  tab: Tab;
  site: string; // '' for all
  consent: string; // '' for any; a status of the base purpose, or none
  text: string;
}

export const everything: Filter = { tab: 'all', site: '', consent: '', text: '' };

export function groupOf(row: Row, self: string): Group {
  if (row.owner === 'queue') return 'waiting';
  if (row.owner === 'operator') return row.operator === self ? 'mine' : 'others';
  return 'bot';
}

const order: Record<Group, (a: Entry, b: Entry) => number> = {
  waiting: (a, b) => a.row.since - b.row.since,
  bot: (a, b) => b.row.at - a.row.at,
  mine: (a, b) => Number(b.row.unread > 0) - Number(a.row.unread > 0) || b.row.at - a.row.at,
  others: (a, b) => b.row.at - a.row.at,
};

export interface Sorted {
  groups: { group: Group; entries: Entry[] }[];
  counts: Record<Group, number>; // of what fits everything but the tab
  waiting: number; // before any filter, as unread and total are
  unread: number; // lines in mine
  total: number;
}

export interface Names {
  site(site: string): string;
  visitor(conversation: string): string;
  operator(site: string, id: string | undefined): string;
}

export function sorted(inboxes: Iterable<{ site: string; rows: ReadonlyMap<string, Row> }>, self: string, f: Filter, names: Names): Sorted {
  const by: Record<Group, Entry[]> = { waiting: [], bot: [], mine: [], others: [] };
  const needle = fold(f.text.trim());
  let waiting = 0;
  let unread = 0;
  let total = 0;
  for (const inbox of inboxes) {
    for (const row of inbox.rows.values()) {
      total++;
      const entry = { site: inbox.site, row, group: groupOf(row, self) };
      if (entry.group === 'waiting') waiting++;
      if (entry.group === 'mine') unread += row.unread;
      if (f.site && f.site !== inbox.site) continue;
      if (f.consent && consentOf(row) !== f.consent) continue;
      if (needle && !matches(entry, needle, names)) continue;
      by[entry.group].push(entry);
    }
  }
  const counts = { waiting: by.waiting.length, bot: by.bot.length, mine: by.mine.length, others: by.others.length };
  const shown = groups.filter((g) => (f.tab === 'all' || f.tab === g) && by[g].length > 0);
  return { groups: shown.map((group) => ({ group, entries: by[group].sort(order[group]) })), counts, waiting, unread, total };
}

// consentOf is the status of the base purpose, which decides about contact details.
export function consentOf(row: Row): string {
  return row.consents['lead_contact'] ?? 'none';
}

function matches(e: Entry, needle: string, names: Names): boolean {
  const r = e.row;
  return [r.preview, r.page, r.queue, r.locale, r.conversation, names.visitor(r.conversation), names.site(e.site), names.operator(e.site, r.operator)]
    .some((text) => text && fold(text).includes(needle));
}

// fold makes comparisons blind to case and to marks on letters: ł has none that Unicode takes apart.
function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replaceAll('ł', 'l');
}
