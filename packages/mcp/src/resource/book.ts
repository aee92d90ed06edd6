import {
  type AccessToken,
  type BroadStop,
  descendsFrom,
  type EpochSeconds,
  encodeBase64url,
  type PersonCutOff,
  type RevocationFrame,
  toWhoInput,
} from '../protocol/index.ts';

type Verdict = 'holds' | 'revoked';

/** Who and what is cut off at one server, as it was told: what was said, and nothing about whether it is all. */
export interface Book {
  /** Writes down what a frame says; true when that is anything. */
  take(frame: RevocationFrame): boolean;
  isRevoked(tokenId: string): boolean;
  /** At once, but for the first look at a person while anybody is cut off. */
  judge(token: AccessToken): Verdict | Promise<Verdict>;
  /** Drops what can concern no token any more. */
  forget(nowSeconds: EpochSeconds): void;
}

const maxRememberedPeople = 10_000;

export function openBook(resource: string): Book {
  const people = new Map<string, Omit<PersonCutOff, 'who'>>();
  const tokens = new Map<string, EpochSeconds>();
  const stops = new Map<string, BroadStop>();
  const names = new Map<string, string>();

  const nameOf = async (subject: string): Promise<string> => {
    const input = new TextEncoder().encode(toWhoInput(resource, subject));
    const who = encodeBase64url(new Uint8Array(await crypto.subtle.digest('SHA-256', input)));
    const oldest = names.keys().next();
    if (names.size >= maxRememberedPeople && !oldest.done) names.delete(oldest.value);
    names.set(subject, who);
    return who;
  };

  const judgeAs = (who: string, token: AccessToken): Verdict => {
    const cut = people.get(who);
    if (cut && (cut.blocked || token.issuedAt <= cut.before)) return 'revoked';
    for (const stop of stops.values()) if (concerns(stop, who, token)) return 'revoked';
    return 'holds';
  };

  return {
    take(frame) {
      for (const { id, until } of frame.tokens) tokens.set(id, until);
      for (const { who, before, blocked, until } of frame.people) {
        const known = people.get(who);
        // The later of two counts, whichever came first (T20).
        people.set(who, {
          before: Math.max(before, known?.before ?? 0),
          blocked,
          until: Math.max(until, known?.until ?? 0),
        });
      }
      for (const stop of frame.stops) {
        const before = Math.max(stop.before, stops.get(stop.id)?.before ?? 0);
        stops.set(stop.id, { ...stop, before });
      }
      return frame.tokens.length + frame.people.length + frame.stops.length > 0;
    },
    isRevoked: (tokenId) => tokens.has(tokenId),
    judge(token) {
      if (tokens.has(token.id)) return 'revoked';
      if (people.size === 0 && stops.size === 0) return 'holds';
      const who = names.get(token.subject);
      return who === undefined ? nameOf(token.subject).then((name) => judgeAs(name, token)) : judgeAs(who, token);
    },
    forget(nowSeconds) {
      for (const [id, until] of tokens) if (until < nowSeconds) tokens.delete(id);
      for (const [who, { until }] of people) if (until < nowSeconds) people.delete(who);
      for (const [id, { stands, until }] of stops) if (!stands && until < nowSeconds) stops.delete(id);
    },
  };
}

/** Every condition that a stop makes. One that makes none is about all tokens here. */
function concerns({ client, from, who, before, stands }: BroadStop, name: string, token: AccessToken): boolean {
  if (client !== undefined && client !== token.clientId) return false;
  if (who !== undefined && who !== name) return false;
  if (from !== undefined && !descendsFrom(token.lineage, from)) return false;
  return stands || token.issuedAt <= before;
}
