import type { EpochSeconds } from '@credence/mcp/protocol';
import type { Facts } from '../../audit/record.ts';
import type { AccessIndex } from '../../policy/compile.ts';
import type { Bulletin } from '../../store/off.ts';
import type { Stop } from '../../store/stop.ts';
import type { Store } from '../../store/store.ts';
import type { Post } from './deliver.ts';
import { createEndings, endingsPlace } from './endings.ts';
import { createNarrowing, narrowingPlace } from './narrowing.ts';
import { createReader, type Reader, type Work } from './reader.ts';
import { type Receiver, toReceivers } from './receivers.ts';
import type { SignalMaker } from './signal.ts';
import { createStopTelling } from './stop-telling.ts';
import { createTelling } from './telling.ts';
import { endingOfUngranted } from './ungranted.ts';

export interface OffOptions extends SignalMaker {
  readonly store: Pick<Store, 'bulletins' | 'stops' | 'changeSequence' | 'people' | 'artifacts'>;
  /** Issuer of the RAS in this program, if there is one: it knows of stops by itself. */
  readonly ownRas?: string | undefined;
  /** A version of the access document; `undefined` when there is none of that number. */
  readonly versionOf: (version: number) => Promise<AccessIndex | undefined>;
  readonly post: Post;
  /** Bearer token that a RAS wants to see, by issuer. */
  readonly bearerOf: (ras: string) => string | undefined;
  readonly now: () => EpochSeconds;
  readonly nowMs: () => number;
  /** Told how late each was that a RAS has taken. */
  readonly onTold?: ((lagSeconds: number) => void) | undefined;
  readonly alert: (facts: Facts) => Promise<void>;
  readonly onFault: (fault: unknown) => void;
}

/** Sees to it that what ends here ends everywhere. */
export interface Off {
  /** Looks whether there is something to do, and begins with it. */
  look(): Promise<void>;
  stop(): Promise<void>;
}

/** A RAS that is new here may have issued something, for another issuer or a former entry, that is good for so long. */
const longestTokenSeconds = 3600;
/** The reader that ends sessions; all others are called by the issuer of their RAS. */
const ending = 'sessions';

/**
 * A reader for each RAS that the policy names, so that one that is away holds up no other, and one that ends the sessions of
 * whoever has nothing left. They are woken by the change sequence: it moves with every bulletin, by whichever process.
 */
export function createOff(options: OffOptions): Off {
  const { store, policy, now } = options;
  const since = () => now() - longestTokenSeconds;
  const open = (name: string, work: Work<Bulletin>) =>
    createReader({ name, bulletins: store.bulletins, work, since, onFault: options.onFault });
  // By themselves: that everything is stopped waits for no list of people.
  const openStops = (name: string, work: Work<Stop>) =>
    createReader({ name, bulletins: store.stops.shelf, work, since, onFault: options.onFault });
  const sessions = open(ending, endingOfUngranted(store, policy, now));
  const readers = new Map<string, readonly Reader[]>();
  const narrow = createNarrowing(options);
  const end = createEndings(options);
  let receivers = new Map<string, Receiver>();
  let known: AccessIndex | undefined;
  let sequence = -1;

  /** Opens and closes readers as the document names other servers. */
  async function followPolicy(index: AccessIndex): Promise<void> {
    receivers = new Map(toReceivers(index).map((receiver) => [receiver.ras, receiver]));
    for (const [ras, its] of readers) {
      if (receivers.has(ras)) continue;
      readers.delete(ras);
      await Promise.all(its.map((reader) => reader.stop()));
    }
    for (const receiver of receivers.values()) {
      const { ras } = receiver;
      const bearer = options.bearerOf(ras);
      if (readers.has(ras)) continue;
      const isHere = ras === options.ownRas;
      const telling = { ...options, bearer, isHere, receiver: () => receivers.get(ras) ?? receiver };
      readers.set(ras, [open(ras, createTelling(telling)), openStops(ras, createStopTelling(telling))]);
    }
    for (const name of (await store.stops.shelf.readers()).keys()) {
      if (name !== narrowingPlace && name !== endingsPlace && !receivers.has(name))
        await store.stops.shelf.forget(name);
    }
    for (const name of (await store.bulletins.readers()).keys()) {
      if (name !== ending && !receivers.has(name)) await store.bulletins.forget(name);
    }
  }

  async function lookOnce(): Promise<void> {
    const index = policy();
    if (index !== known) {
      // Before anybody is woken: a version that grants less is told of as what it ends.
      await narrow(index);
      await followPolicy(index);
      [known, sequence] = [index, -1];
    }
    await end(index);
    const current = await store.changeSequence();
    if (current === sequence) return;
    sequence = current;
    for (const reader of [sessions, ...[...readers.values()].flat()]) reader.wake();
  }

  let looking: Promise<void> | undefined;
  return {
    /** One after the other: of two at once both would find the same version new. */
    look() {
      looking = (looking ?? Promise.resolve()).catch(() => undefined).then(lookOnce);
      return looking;
    },
    async stop() {
      await Promise.all([sessions, ...[...readers.values()].flat()].map((reader) => reader.stop()));
    },
  };
}
