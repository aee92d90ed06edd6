/** How much of the record is verified. */
export type Span = 'few' | 'many' | 'all';

const lengths: Readonly<Record<Exclude<Span, 'all'>, number>> = { few: 10_000, many: 100_000 };

/**
 * The line behind which it is asked for; 0 = from the beginning. The server begins with the first that it keeps, and whether those before
 * might go is for checkpoints to say: what it calls its first is not asked, or lines taken away in front would be in order.
 */
export function toBehind(span: Span, last: number): number {
  return span === 'all' ? 0 : Math.max(0, last - lengths[span]);
}
