import { appendFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { SealStore } from '../store/seals.ts';

/** Somebody outside who keeps checkpoints, so that whoever can write to the store cannot take the record back (T23). */
export interface Witness {
  /** As the store knows it; the same as long as it is the same place. */
  readonly name: string;
  /** Resolves once the witness has it; the same checkpoint may come twice. */
  hand(statement: string): Promise<void>;
}

/** Who is to keep the checkpoints, by the names that the store knows them by. */
export function witnessNames({
  file,
  url,
}: {
  readonly file?: string | undefined;
  readonly url?: string | undefined;
}): string[] {
  return [...(file === undefined ? [] : [`file ${file}`]), ...(url === undefined ? [] : [`url ${url}`])];
}

/** Since when there are lines that one of these, or nobody at all, has no checkpoint of. Milliseconds since 1970. */
export async function unwitnessedSince(
  seals: Pick<SealStore, 'witnessed' | 'after'>,
  names: readonly string[],
): Promise<number | undefined> {
  const known = await seals.witnessed();
  const numbers = names.map((name) => known.get(name)?.number ?? 0);
  const [oldest] = await seals.after(Math.min(...(numbers.length > 0 ? numbers : [0])), 1);
  return oldest?.timeMs;
}

/** A file on another machine's disk, mounted here: one checkpoint a line, behind those that are there. */
export function fileWitness(path: string): Witness {
  let before = '\n'; // a line that broke off, when we did or the disk was full, is not continued
  return {
    name: witnessNames({ file: path }).join(),
    async hand(statement) {
      const line = `${before}${statement}\n`;
      before = '\n';
      await appendFile(path, line, { mode: 0o600, flush: true });
      before = '';
    },
  };
}

/**
 * An HTTPS endpoint that takes each checkpoint as the body of a POST and answers 2xx.
 * @param post - sends the body and resolves to the status; the one way out is the caller's
 */
export function webWitness(url: string, post: (url: string, body: string) => Promise<number>): Witness {
  return {
    name: witnessNames({ url }).join(),
    async hand(statement) {
      const status = await post(url, statement);
      if (status < 200 || status > 299) throw new Error(`the witness answered ${status}`);
    },
  };
}

const usualPatienceMs = 5000;
const firstPauseMs = 5000;
const longestPauseMs = 300_000;

export interface WitnessingOptions {
  readonly seals: SealStore;
  readonly witnesses: readonly Witness[];
  readonly nowMs: () => number;
  /** Told of each try that failed. */
  readonly onFault: (witness: string, fault: unknown) => void;
  /** So long one is waited for. */
  readonly patienceMs?: number;
}

/** It neither took it nor failed: a network file system does so when its server is away. Lines are sealed all the same. */
class WitnessHangs extends Error {
  override readonly name = 'WitnessHangs';
}

export interface Witnessing {
  /** Hands the newest checkpoint to every witness that does not have it; what failed is tried again, less and less often. */
  hand(): Promise<void>;
  /** Since when there are lines that some witness, or nobody at all, has no checkpoint of. Milliseconds since 1970. */
  unwitnessedSince(): Promise<number | undefined>;
}

/**
 * Keeps the witnesses up to date. The newest checkpoint is enough: it says everything that those before it said. How far each
 * has come is in the store, so that any node goes on where another left off.
 */
export function createWitnessing(options: WitnessingOptions): Witnessing {
  const { seals, witnesses, nowMs, onFault, patienceMs = usualPatienceMs } = options;
  const waiting = new Set<string>();
  const failures = new Map<string, { readonly times: number; readonly nextMs: number }>();

  /** One at a time: each that hangs holds a thread, of which there are few. */
  async function handInTime(witness: Witness, statement: string): Promise<void> {
    if (waiting.has(witness.name)) throw new WitnessHangs('it has not taken the one before');
    waiting.add(witness.name);
    const handed = witness.hand(statement).finally(() => waiting.delete(witness.name));
    const over = new AbortController();
    const late = wait(patienceMs, undefined, { ref: false, signal: over.signal }).then(() => {
      throw new WitnessHangs('it does not answer');
    });
    try {
      await Promise.race([handed, late]);
    } finally {
      over.abort();
      for (const each of [handed, late]) each.catch(() => undefined); // whatever becomes of it now
    }
  }

  async function handTo(witness: Witness, number: number, statement: string): Promise<void> {
    const { times, nextMs } = failures.get(witness.name) ?? { times: 0, nextMs: 0 };
    if (nowMs() < nextMs) return;
    try {
      await handInTime(witness, statement);
      failures.delete(witness.name);
    } catch (fault) {
      const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** times) * (0.5 + Math.random() / 2);
      failures.set(witness.name, { times: times + 1, nextMs: nowMs() + pauseMs });
      return onFault(witness.name, fault);
    }
    await seals.noteWitness(witness.name, { number, timeMs: nowMs() });
  }

  return {
    async hand() {
      const last = await seals.last();
      if (!last || witnesses.length === 0) return;
      const known = await seals.witnessed();
      const behind = witnesses.filter(({ name }) => (known.get(name)?.number ?? 0) < last.number);
      await Promise.all(behind.map((witness) => handTo(witness, last.number, last.statement)));
    },

    unwitnessedSince: () =>
      unwitnessedSince(
        seals,
        witnesses.map(({ name }) => name),
      ),
  };
}
