// What the gateway may know of the page: its path, without what could name a person, and its trace.

// masked keeps neither query nor fragment, and a star in place of each segment that looks like an
// address, a number of seven digits or more, or a key. gateway/protocol does the same.
export function masked(page: string): string {
  return new URL(page, location.href).pathname.split('/').map(segment).join('/').slice(0, 500);
}

function segment(part: string): string {
  try {
    const plain = decodeURIComponent(part);
    const long = plain.length >= 20;
    return /@|([0-9][^0-9]*){7}/.test(plain) || (long && (/^[A-Za-z0-9]+$/.test(plain) || [/[a-z]/, /[A-Z]/, /[0-9]/].every((r) => r.test(plain)))) ? '*' : part;
  } catch {
    return '*';
  }
}

// traceparent is the page's trace context where its server has put one into the page (W3C Trace
// Context). It names a request, nobody.
export function traceparent(): string | undefined {
  const meta = document.querySelector<HTMLMetaElement>('meta[name=traceparent]');
  return /^00-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/.exec(meta?.content ?? '')?.[0];
}
