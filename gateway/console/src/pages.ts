// Pages beside the inbox. Each has the path /console/PATH/SITE/… and is shown to those who have one
// of the roles on the site.

import type { ComponentType } from 'preact';

import type { Me, Role, StaffSite } from './api';
import type { Texts } from './language';
import { Contacts } from './pages/contacts';
import { contactsWords } from './pages/contacts.words';
import { Team } from './pages/team';
import { teamWords } from './pages/team.words';
import type { IconName } from './ui/icon';

export interface PageProps {
  me: Me;
  site: StaffSite; // the one in the address; the switch in the navigation changes it
  rest: readonly string[]; // of the address, behind the site
}

export interface Page {
  path: string;
  title: Texts<string>;
  icon: IconName;
  roles: readonly Role[]; // one of them; none: everybody
  component: ComponentType<PageProps>;
}

export const pages: readonly Page[] = [
  { path: 'contacts', title: { en: contactsWords.en.title, pl: contactsWords.pl.title }, icon: 'people', roles: [], component: Contacts },
  { path: 'team', title: { en: teamWords.en.title, pl: teamWords.pl.title }, icon: 'team', roles: ['administrator'], component: Team },
];
