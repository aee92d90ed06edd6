import { toSegment } from '@credence/server/admin-client';
import { openStream } from '../../data/api.ts';
import { type Lines, readLines } from './read-lines.ts';

/** Reads the export of a review to its end; `undefined` where it broke off, since then it is not whole. */
export async function readReview(
  server: string,
  query: Readonly<Record<string, string | number>>,
  { signal, onLines }: { readonly signal: AbortSignal; readonly onLines: (lines: number) => void },
): Promise<Lines | undefined> {
  const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)])).toString();
  const path = `/api/v1/reach/servers/${toSegment(server)}/people.csv${search && `?${search}`}`;
  return readLines(await openStream(path, signal), onLines);
}
