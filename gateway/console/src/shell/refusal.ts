import { APIError } from '../api';
import { words } from '../language';

// refusalText says what an error means, in the operator's language. What the gateway says about bad
// input names what to do, and is shown too.
export function refusalText(error: unknown): string {
  const known = words().refused;
  if (!(error instanceof APIError)) {
    console.error(error);
    return known['']!;
  }
  const code = error.code === 'bad_input' ? 'bad_request' : error.code;
  const text = known[code] ?? known['']!;
  return code === 'bad_request' || code === 'conflict' ? `${text} (${error.message})` : text;
}
