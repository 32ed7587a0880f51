// What this browser remembers of its operator's taste. Never anything about visitors. A browser
// that refuses storage forgets it, and nothing else happens.

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`zgoda-console:${name}`, value);
  } catch {
    // Refused or full: it is only a preference.
  }
}

export function remembered(name: string): string {
  try {
    return localStorage.getItem(`zgoda-console:${name}`) ?? '';
  } catch {
    return '';
  }
}
