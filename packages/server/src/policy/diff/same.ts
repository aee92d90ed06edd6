/** Whether two values of documents or indexes say the same. A member that is `undefined` counts as absent. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((each, at) => isSame(each, b[at]));
  if ((a instanceof Map && b instanceof Map) || (a instanceof Set && b instanceof Set)) return isSame([...a], [...b]);
  const [one, other] = [present(a), present(b)];
  return (
    one.length === other.length && one.every(([key, value]) => Object.hasOwn(b, key) && isSame(value, b[key as never]))
  );
}

function present(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, each]) => each !== undefined);
}
