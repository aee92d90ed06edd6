import type { EpochSeconds } from '@credence/mcp/protocol';

/** First 128 bits of a SHA-256. */
export const digestBytes = 16;

/** Members with the second until which each is wanted, in 40 bytes each at most: a million is 40 MB. */
export interface DigestSet {
  has(digest: Buffer): boolean;
  add(digest: Buffer, until: EpochSeconds): void;
  /** Forgets what is wanted no longer. */
  purge(now: EpochSeconds): void;
  readonly size: number;
}

const wordsOfDigest = digestBytes / 4;
const wordsOfSlot = wordsOfDigest + 1;
const smallest = 1024;

const word = (words: Uint32Array, at: number) => words[at] as number;

/** Open addressing over one array of numbers: a `Map` of a million strings would take three times as much, and be walked by the garbage collector. */
export function createDigestSet(): DigestSet {
  let slots = smallest;
  /** `until` is the last word of a slot; 0 = free. */
  let words = new Uint32Array(slots * wordsOfSlot);
  let size = 0;

  /** Where the digest is, or the free slot where it belongs. The digest is random: its first word is hash enough. */
  function place(first: number, second: number, third: number, fourth: number): number {
    let at = (first & (slots - 1)) * wordsOfSlot;
    while (words[at + wordsOfDigest] !== 0) {
      const isIt =
        words[at] === first && words[at + 1] === second && words[at + 2] === third && words[at + 3] === fourth;
      if (isIt) return at;
      at = at + wordsOfSlot === words.length ? 0 : at + wordsOfSlot;
    }
    return at;
  }

  const placeOf = (digest: Buffer) =>
    place(digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), digest.readUInt32LE(12));

  /** At most half of the slots are taken, so that a search is short. */
  function resize(keep: (until: EpochSeconds) => boolean): void {
    const old = words;
    let kept = 0;
    for (let at = wordsOfDigest; at < old.length; at += wordsOfSlot) {
      const until = old[at] as number;
      if (until !== 0 && keep(until)) kept += 1;
    }
    slots = smallest;
    while (slots < 2 * (kept + 1)) slots *= 2;
    words = new Uint32Array(slots * wordsOfSlot);
    size = kept;
    for (let from = 0; from < old.length; from += wordsOfSlot) {
      const until = old[from + wordsOfDigest] as number;
      if (until === 0 || !keep(until)) continue;
      // Word by word: a view of each slot would be an object each, half a million of them in one go.
      const to = place(word(old, from), word(old, from + 1), word(old, from + 2), word(old, from + 3));
      for (let at = 0; at < wordsOfSlot; at += 1) words[to + at] = word(old, from + at);
    }
  }

  return {
    has: (digest) => words[placeOf(digest) + wordsOfDigest] !== 0,
    add(digest, until) {
      if (2 * (size + 1) > slots) resize(() => true);
      const at = placeOf(digest);
      const known = words[at + wordsOfDigest] as number;
      if (known === 0) size += 1;
      for (let nth = 0; nth < wordsOfDigest; nth += 1) words[at + nth] = digest.readUInt32LE(4 * nth);
      words[at + wordsOfDigest] = Math.max(known, 1, Math.min(until, 0xffff_ffff));
    },
    purge: (now) => resize((until) => until >= now),
    get size() {
      return size;
    },
  };
}
