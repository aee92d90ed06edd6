/** What was used last, in bounded space: of more than `most` the one goes that nobody has asked for the longest. */
export interface LastUsed<T> {
  /** Counts as a use. */
  get(key: string): T | undefined;
  set(key: string, value: T): void;
  /** The one used last at the end. */
  values(): readonly T[];
}

export function lastUsed<T>(most: number): LastUsed<T> {
  const kept = new Map<string, T>();
  return {
    get(key) {
      const found = kept.get(key);
      if (found === undefined) return undefined;
      kept.delete(key);
      kept.set(key, found);
      return found;
    },
    set(key, value) {
      kept.delete(key);
      kept.set(key, value);
      for (const oldest of kept.keys()) {
        if (kept.size <= most) break;
        kept.delete(oldest);
      }
    },
    values: () => [...kept.values()],
  };
}
