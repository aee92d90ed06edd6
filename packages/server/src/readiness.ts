import type { NotReady } from './health.ts';
import type { Store } from './store/store.ts';

/** Whether this process can do its work now, asked as often as anybody likes. */
export interface Readiness {
  /** Why not; empty = ready. Never rejects. */
  notReady(): Promise<readonly NotReady[]>;
  /** The store was looked at for a newer policy, and what is in force is the latest. */
  followed(): void;
  /** Says that the process cannot work without this key. */
  needs(key: Key): void;
  /** Something that the operator should look at, and that keeps nobody from being served; `undefined`: nothing. */
  remark(words: string | undefined): void;
  /** What was remarked last. */
  remarked(): string | undefined;
  /** From now on the answer is no, although requests under way still end. */
  stop(): void;
}

interface Key {
  /** Throws when there is none to sign, or to decrypt, with. */
  current(): unknown;
}

export interface ReadinessOptions {
  readonly store: Pick<Store, 'proveWritable'>;
  /** Throws when a document that is needed here is not in force. */
  readonly policies: () => void;
  /** Whether this process knows what time it is. */
  readonly isClockRight: () => boolean;
  /** Milliseconds that only grow: a clock that is set back would let an old answer live on. */
  readonly elapsedMs: () => number;
  /** Told when the answer changes: at most once for whoever asks, however many they are. */
  readonly onChange: (reasons: readonly NotReady[]) => void;
}

/** What was found out about the store holds for so long: a flood of probes is one small write a second. */
const rememberMs = 1000;
/** A store that takes longer is away as far as anybody who waits is concerned. */
const patienceMs = 2000;
/** The policy is followed twice a second; one that cannot be read for so long may have changed unseen. */
const followedMs = 10_000;

export function createReadiness({ store, policies, isClockRight, elapsedMs, onChange }: ReadinessOptions): Readiness {
  const keys = new Set<Key>();
  let stopping = false;
  let followedAt = elapsedMs();
  let found: { readonly isWritable: boolean; readonly atMs: number } | undefined;
  let looking: Promise<boolean> | undefined;
  /** A write that has not come back yet: while there is one, no other is sent after it. */
  let underWay: Promise<boolean> | undefined;
  let told = '';
  let remarked: string | undefined;

  async function look(): Promise<boolean> {
    underWay ??= store
      .proveWritable()
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        underWay = undefined;
      });
    const isWritable = await within(patienceMs, underWay);
    found = { isWritable, atMs: elapsedMs() };
    return isWritable;
  }

  function isWritable(): boolean | Promise<boolean> {
    if (found && elapsedMs() - found.atMs < rememberMs) return found.isWritable;
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  }

  return {
    async notReady() {
      if (stopping) return ['stopping']; // the store is being closed: it is asked no more
      const reasons: NotReady[] = [];
      if (!(await isWritable())) reasons.push('store');
      if (!succeeds(policies) || elapsedMs() - followedAt > followedMs) reasons.push('policy');
      if (![...keys].every((key) => succeeds(() => key.current()))) reasons.push('keys');
      if (!isClockRight()) reasons.push('clock');
      if (stopping) return ['stopping'];
      if (reasons.join() !== told) {
        told = reasons.join();
        onChange(reasons);
      }
      return reasons;
    },
    followed() {
      followedAt = elapsedMs();
    },
    needs(key) {
      keys.add(key);
    },
    remark(words) {
      remarked = words;
    },
    remarked: () => remarked,
    stop() {
      stopping = true;
    },
  };
}

function succeeds(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}

/** False when it takes longer. */
async function within(milliseconds: number, work: Promise<boolean>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(resolve, milliseconds, false as const);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
