/** What was used lately, by name, in bounded space. */
export interface Lately<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
}

/**
 * Two generations of at most `max` each. When the younger is full, it becomes the older, and what that held is forgotten: whatever
 * is used stays until at least `max` others were. To keep the order of use would take two changes of a map for each.
 */
export function createLately<T>(max: number): Lately<T> {
  let younger = new Map<string, T>();
  let older = younger;
  const set = (key: string, value: T) => {
    if (younger.size >= max && !younger.has(key)) [older, younger] = [younger, new Map()];
    younger.set(key, value);
  };
  return {
    get(key) {
      const young = younger.get(key);
      if (young !== undefined) return young;
      const old = older.get(key);
      if (old !== undefined) set(key, old);
      return old;
    },
    set,
  };
}
