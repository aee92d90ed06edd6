/**
 * Bidirectional controls can make a name read as something else; control characters and what has no width have no place in one: a whole
 * sentence can be written in tags (U+E0020 on) that nobody sees and a model reads. What only chooses the look of an emoji stays.
 */
const invisible = /(?![\t\n])(?!(?<=\p{Extended_Pictographic})[\uFE0E\uFE0F])[\p{Cc}\p{Cf}\p{DI}\u2028\u2029]/gu;

/**
 * An answer with what cannot be seen made visible as a box (T32): names of people, groups, tools and clients are written by others.
 * Documents stay as they are, as they may be sent back.
 */
export function makeVisible<T>(value: T): T {
  return show(value) as T;
}

function show(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(invisible, '\uFFFD');
  if (Array.isArray(value)) return value.map(show);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, key === 'document' ? inner : show(inner)]),
  );
}
