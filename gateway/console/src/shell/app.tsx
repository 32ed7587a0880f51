import { useEffect, useRef, useState } from 'preact/hooks';

import { has, load, me, type Me } from '../api';
import { locale, useWords } from '../language';
import { useValue } from '../observable';
import { pages } from '../pages';
import { desk } from '../chat/here';
import { Inbox } from '../chat/inbox';
import { badge, notify } from '../chat/notify';
import { list } from '../chat/shown';
import { follow, root, useRoute } from '../router';
import { Button } from '../ui/button';
import { Toasts } from '../ui/toast';
import { Accept, invitation } from './accept';
import { Entry } from './entry';
import { Nav, SiteSwitch } from './nav';
import { refusalText } from './refusal';
import { SignIn } from './signin';

export function App() {
  const now = useValue(locale);
  useEffect(() => { document.documentElement.lang = now; }, [now]);
  return (
    <div class="app" onClick={follow}>
      <Session />
      <Toasts />
    </div>
  );
}

// Session decides which of the pages is shown: the invitation, the sign-in, or the console.
function Session() {
  const words = useWords();
  const who = useValue(me);
  const [token, setToken] = useState(invitation);
  const [error, setError] = useState<unknown>();
  const was = useRef(false);
  const ask = () => {
    setError(undefined);
    load().catch((why: unknown) => { if (me.value === undefined) setError(why); });
  };
  useEffect(() => {
    if (!token) ask();
    const link = () => {
      const found = invitation();
      if (found) setToken(found);
    };
    addEventListener('hashchange', link);
    return () => removeEventListener('hashchange', link);
  }, []);
  if (who) was.current = true;
  if (token) return <Accept token={token} onLeave={() => { setToken(''); if (!me.value) ask(); }} />;
  if (error) {
    return (
      <Entry title={words.product}>
        <p class="error" role="alert">{refusalText(error)}</p>
        <Button onClick={ask}>{words.retry}</Button>
      </Entry>
    );
  }
  if (who === undefined) return <p class="splash" role="status">{words.loading}</p>;
  return who ? <Console key={who.operator.id} who={who} /> : <SignIn left={was.current} />;
}

function Console({ who }: { who: Me }) {
  const words = useWords();
  const now = useValue(locale);
  const route = useRoute();
  const page = pages.find((p) => p.path === route[0]);
  const allowed = who.sites.filter((s) => page && has(s, page.roles));
  const site = route[1] ? allowed.find((s) => s.site === route[1]) : allowed[0];
  const title = page ? page.title[now] : words.inbox;
  const answers = who.sites.some((s) => has(s, ['operator', 'administrator']));
  const { waiting, unread } = useValue(list);
  const inbox = !route.length || route[0] === 'c';
  useDesk(answers);
  useEffect(() => badge(`${title} · ${words.product}`, waiting + unread), [title, words, waiting + unread]);
  return (
    <>
      <a class="skip" href="#contents">{words.skip}</a>
      <Nav me={who} site={site} waiting={waiting + unread} />
      {page && site ? (
        <main class="page" id="contents" tabIndex={-1}>
          <header class="page-head">
            <h1>{title}</h1>
            <SiteSwitch sites={allowed} site={site} page={page.path} />
          </header>
          <page.component key={site.site} me={who} site={site} rest={route.slice(2)} />
        </main>
      ) : inbox && answers ? <Inbox me={who} /> : <Nothing none={who.sites.length === 0} />}
    </>
  );
}

// useDesk keeps the line open on every page, so that the count in the navigation is right.
function useDesk(answers: boolean): void {
  useEffect(() => {
    if (!answers) return;
    const chance = () => { if (document.visibilityState === 'visible') desk.nudge(); };
    desk.arrived = notify;
    desk.start();
    addEventListener('online', chance);
    document.addEventListener('visibilitychange', chance);
    return () => {
      removeEventListener('online', chance);
      document.removeEventListener('visibilitychange', chance);
      desk.stop();
    };
  }, [answers]);
}

function Nothing({ none }: { none: boolean }) {
  const words = useWords();
  return (
    <main class="page" id="contents" tabIndex={-1}>
      <h1>{none ? words.product : words.notFound}</h1>
      <p>{none ? words.noSites : words.notFoundText}</p>
      {!none && <p><a href={root}>{words.backToInbox}</a></p>}
    </main>
  );
}
