import type { ComponentChildren } from 'preact';

import { has, type Me, type StaffSite } from '../api';
import { locale, useWords } from '../language';
import { useValue } from '../observable';
import { pages } from '../pages';
import { go, root, to, useRoute } from '../router';
import { Icon, type IconName } from '../ui/icon';
import { Account } from './account';
import { LanguageSwitch } from './language';

interface Props {
  me: Me;
  site: StaffSite | undefined; // of the page that is open
  waiting: number; // conversations in all queues
  children?: ComponentChildren; // more tools, before the account
}

// Nav shows the inbox to those who answer, and every page to those who have a role for it on any
// site.
export function Nav({ me, site, waiting, children }: Props) {
  const words = useWords();
  const now = useValue(locale);
  const route = useRoute();
  const answers = me.sites.some((s) => has(s, ['operator', 'administrator']));
  const mine = pages.filter((p) => me.sites.some((s) => has(s, p.roles)));
  const goal = (p: (typeof pages)[number]) => (has(site, p.roles) ? site! : me.sites.find((s) => has(s, p.roles))!).site;
  const inbox = !route.length || route[0] === 'c';
  return (
    <nav class="nav" aria-label={words.navigation}>
      <span class="mark" aria-hidden="true" />
      {answers && <Item href={root} icon="inbox" here={inbox} count={waiting}>{words.inbox}</Item>}
      {mine.map((p) => <Item key={p.path} href={to(p.path, goal(p))} icon={p.icon} here={route[0] === p.path}>{p.title[now]}</Item>)}
      <span class="nav-space" />
      <LanguageSwitch />
      {children}
      <Account me={me} />
    </nav>
  );
}

interface ItemProps {
  href: string;
  icon: IconName;
  here: boolean;
  count?: number;
  children: ComponentChildren;
}

function Item({ href, icon, here, count, children }: ItemProps) {
  return (
    <a class="nav-item" href={href} aria-current={here ? 'page' : undefined}>
      <Icon name={icon} />
      <span class="nav-label">{children}</span>
      {!!count && <span class="count">{count}</span>}
    </a>
  );
}

// SiteSwitch changes the site of the page that is open.
export function SiteSwitch({ sites, site, page }: { sites: readonly StaffSite[]; site: StaffSite; page: string }) {
  const words = useWords();
  if (sites.length < 2) return null;
  return (
    <label class="site-switch">
      <span class="sr">{words.sites}</span>
      <select value={site.site} onChange={(e) => go(to(page, e.currentTarget.value))}>
        {sites.map((s) => <option key={s.site} value={s.site}>{s.name}</option>)}
      </select>
    </label>
  );
}
