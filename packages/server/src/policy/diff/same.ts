/**
 * Whether two values of documents or indexes say the same. A member that is `undefined` counts as absent. Ten thousand rules are
 * compared with it for each diff, so it makes no copies of what it looks at.
 * @param except - a member that does not count, of the two themselves
 */
export function isSame(a: unknown, b: unknown, except?: string): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (Array.isArray(a)) return isSameList(a, (b as typeof a).values(), a.length === (b as typeof a).length);
  if (a instanceof Map || a instanceof Set)
    return isSameList(a, (b as typeof a)[Symbol.iterator](), a.size === (b as typeof a).size);
  return saysNoMore(a, b, except) && hasNoMore(b, a, except);
}

function isSameList(some: Iterable<unknown>, others: Iterator<unknown>, isSameLength: boolean): boolean {
  if (!isSameLength) return false;
  for (const value of some) if (!isSame(value, others.next().value)) return false;
  return true;
}

/** Whether every member of `one` is in `other`, and the same there. */
function saysNoMore(one: object, other: object, except: string | undefined): boolean {
  for (const key of Object.keys(one)) {
    const value = one[key as never];
    if (value === undefined || key === except) continue;
    if (!Object.hasOwn(other, key) || !isSame(value, other[key as never])) return false;
  }
  return true;
}

/** Whether every member of `one` is in `other`, whatever it says there. */
function hasNoMore(one: object, other: object, except: string | undefined): boolean {
  for (const key of Object.keys(one)) {
    if (one[key as never] === undefined || key === except) continue;
    if (!Object.hasOwn(other, key) || other[key as never] === undefined) return false;
  }
  return true;
}
