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
  const text = known[error.code] ?? known['']!;
  return error.code === 'bad_request' || error.code === 'conflict' ? `${text} (${error.message})` : text;
}
