import type { ComponentChildren } from 'preact';

import { LanguageSwitch } from './language';

// Entry is the frame of the pages that nobody is signed in on.
export function Entry({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <main class="entry" id="contents" tabIndex={-1}>
      <div class="entry-card">
        <p class="wordmark" translate={false}><span class="mark" aria-hidden="true" />Zgoda</p>
        <h1>{title}</h1>
        {children}
      </div>
      <LanguageSwitch />
    </main>
  );
}
