import { z } from 'zod';

/** Lists come in pages: `cursor` of the next request is `next` of the answer before, and means nothing to anybody else. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('How many at most.'),
  cursor: z.string().max(1000).optional().describe('`next` of the page before.'),
};

export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    next: z.string().nullable().describe('Cursor of the next page; null = this is the last one.'),
  });
}

/** The key behind a cursor; '' = from the start. What is no cursor of ours leads nowhere, and is no fault. */
export function fromCursor(cursor: string | undefined): string {
  return cursor === undefined ? '' : Buffer.from(cursor, 'base64url').toString('utf8');
}

/** A page out of `limit + 1` items: the one too many says that there are more. */
export function toPage<T, U>(
  found: readonly T[],
  limit: number,
  keyOf: (item: T) => string,
  to: (item: T) => U,
): { items: U[]; next: string | null } {
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const next = found.length > limit && last !== undefined ? Buffer.from(keyOf(last)).toString('base64url') : null;
  return { items: shown.map(to), next };
}
