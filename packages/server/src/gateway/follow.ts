import {
  type Caller,
  followRevocations,
  type GuardOptions,
  type RevocationOptions,
  type Revocations,
  type Standing,
} from '@credence/mcp/resource';
import type { ResourceIndex } from '../policy/compile.ts';
import type { ResourceServer } from '../policy/model.ts';

/** Who is cut off, as a RAS tells that is not in this program: one stream for each guarded server (SIG-02, T20). */
export interface Followed {
  /** What is known at this server; of one that nothing can be heard for, nothing is. */
  of(server: Pick<ResourceServer, 'id'>): Pick<Revocations, 'standingOf'>;
  /**
   * Begins, and gives each stream some time to be heard. Rejects when the secret of a server cannot be had. From then on it
   * keeps to the document by itself: a server that a new version brings is heard of soon, and refused until then.
   */
  start(): Promise<void>;
  close(): void;
}

export interface FollowOptions
  extends Required<Pick<RevocationOptions, 'deafSeconds' | 'whenDeaf' | 'fetch' | 'verifySignature' | 'nowMs'>> {
  readonly issuer: string;
  readonly index: () => ResourceIndex;
  readonly keys: NonNullable<GuardOptions['keys']>;
  /** Secret of the client `server:<id>` at the RAS. */
  readonly secretOf: (server: string) => Promise<string>;
  /** Told when a server hears nothing any more, and when it hears again. */
  readonly onDeaf: (server: string, isDeaf: boolean) => void;
  /** Told why a stream broke off, or could not begin. */
  readonly onFault: (server: string, fault: unknown) => void;
}

interface Follower {
  readonly resource: string;
  revocations: Revocations | undefined;
  isDeaf: boolean;
}

const firstWordMs = 3000;
const lookMs = 500;

/** Follows nothing until {@link Followed.start}. */
export function createFollowed(options: FollowOptions): Followed {
  const { issuer, index, keys, deafSeconds, whenDeaf, fetch, verifySignature, nowMs, secretOf, onDeaf, onFault } =
    options;
  const followers = new Map<string, Follower>();
  let look: NodeJS.Timeout | undefined;
  let isClosed = false;

  const begin = async ({ id, resource }: ResourceServer): Promise<void> => {
    const follower: Follower = { resource, revocations: undefined, isDeaf: false };
    followers.set(id, follower);
    try {
      await secretOf(id);
    } catch (fault) {
      if (followers.get(id) === follower) followers.delete(id); // to be begun again
      throw fault;
    }
    if (followers.get(id) !== follower) return; // taken out meanwhile
    follower.revocations = followRevocations({
      issuer,
      resource,
      credentials: async () => ({ id: `server:${id}`, secret: await secretOf(id) }), // it may be another by now
      keys,
      deafSeconds,
      whenDeaf,
      fetch,
      verifySignature,
      nowMs,
      onFault: (fault) => onFault(id, fault),
    });
  };

  /** The servers to begin with. What the document names no longer, or at another resource, is not followed any more. */
  const takeNews = (): ResourceServer[] => {
    const { servers } = index();
    for (const [id, { resource, revocations }] of followers) {
      const server = servers.get(id);
      if (server?.resource === resource && server.upstream) continue;
      followers.delete(id);
      revocations?.close();
    }
    return [...servers.values()].filter(({ id, upstream }) => upstream && !followers.has(id));
  };

  const tell = (): void => {
    for (const [id, follower] of followers) {
      const isDeaf = follower.revocations?.isDeaf() ?? true;
      if (isDeaf !== follower.isDeaf) onDeaf(id, isDeaf);
      follower.isDeaf = isDeaf;
    }
  };

  const close = (): void => {
    isClosed = true;
    clearInterval(look);
    for (const { revocations } of followers.values()) revocations?.close();
    followers.clear();
  };

  return {
    of: ({ id }) => ({ standingOf: (token) => followers.get(id)?.revocations?.standingOf(token) ?? 'unknown' }),
    async start() {
      try {
        await Promise.all(takeNews().map(begin));
      } catch (fault) {
        close();
        throw fault;
      }
      const heard = Promise.all([...followers.values()].map(({ revocations }) => revocations?.ready));
      await Promise.race([heard, new Promise((resolve) => setTimeout(resolve, firstWordMs).unref())]);
      if (isClosed) return; // while it began
      tell();
      look = setInterval(() => {
        for (const server of takeNews()) begin(server).catch((fault: unknown) => onFault(server.id, fault));
        tell();
      }, lookMs).unref();
    },
    close,
  };
}

/** Whether somebody who was let in may stay: asked again while a stream or a process is open (MCS-14). */
export async function standingAt(
  server: Pick<ResourceServer, 'id'>,
  caller: Caller,
  { isRevoked, followed }: { isRevoked(caller: Caller): Promise<boolean>; followed?: Followed | undefined },
): Promise<Standing> {
  if (await isRevoked(caller)) return 'revoked';
  return (await followed?.of(server).standingOf(caller)) ?? 'holds';
}
