/** How much of the record is verified. */
export type Span = 'few' | 'many' | 'all';

const lengths: Readonly<Record<Exclude<Span, 'all'>, number>> = { few: 10_000, many: 100_000 };

/** The line behind which it begins; 0 = with the first that is kept. */
export function toBehind(span: Span, { first, last }: { readonly first: number; readonly last: number }): number {
  const kept = Math.max(0, first - 1);
  return span === 'all' ? kept : Math.max(kept, last - lengths[span]);
}
