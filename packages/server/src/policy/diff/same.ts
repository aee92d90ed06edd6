/**
 * Whether two values of documents or indexes say the same. A member that is `undefined` counts as absent. Ten thousand rules are
 * compared with it for each diff, so it makes no copies of what it looks at.
 */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || a === null || b === null || b === undefined) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Map || a instanceof Set) return isSame([...a], [...(b as typeof a)]);
  return saysNoMore(a, b) && saysNoMore(b, a, true);
}

/** Whether every member of `one` is in `other`, and, unless that is known, the same there. */
function saysNoMore(one: object, other: object, isKnown = false): boolean {
  for (const key of Object.keys(one)) {
    const value = one[key as never];
    if (value === undefined) continue;
    if (
      !Object.hasOwn(other, key) ||
      (isKnown ? other[key as never] === undefined : !isSame(value, other[key as never]))
    )
      return false;
  }
  return true;
}
