// The lists of those who may be written to, one for each channel.

import type { StaffSite } from '../api';
import { path } from '../api';
import { useTexts } from '../language';
import { Icon } from '../ui/icon';
import { contactsWords } from './contacts.words';

export function Lists({ site }: { site: StaffSite }) {
  const t = useTexts(contactsWords);
  const channels = site.purposes.filter((p) => p !== 'lead_contact');
  return (
    <section class="panel stack">
      <h2>{t.listOf}</h2>
      <p>{t.listText}</p>
      {channels.length === 0 && <p class="hint">{t.nobody}</p>}
      <ul class="stack">
        {channels.map((p) => (
          <li key={p} class="page-tools">
            <strong>{t.purpose[p] ?? p}</strong>
            <a class="button" download href={`/console/api/${path('sites', site.site, 'marketing', p)}`}><Icon name="download" />{t.download}<span class="sr">: {t.purpose[p] ?? p}</span></a>
          </li>
        ))}
      </ul>
    </section>
  );
}
