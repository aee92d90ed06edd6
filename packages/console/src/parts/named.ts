import { fromSegment } from '@credence/server/admin-client';
import { useParams } from '@tanstack/react-router';

/** What a page is about, as its address names it (`/people/$id`). */
export function useNamed(name: 'id' | 'ref'): string {
  const params: Readonly<Record<string, string | undefined>> = useParams({ strict: false });
  const text = params[name] ?? '';
  // The router has decoded the percent signs. What no place of ours leads to is looked for as it stands, and not found.
  return fromSegment(encodeURIComponent(text)) ?? text;
}
