import type { Refusal } from '@credence/mcp/protocol';
import { createPace } from '../limits.ts';
import type { AuditRecord, RecordDomain } from './record.ts';

/** Somebody who has proven who they are. */
interface Proven {
  readonly client?: string | undefined;
  readonly person?: string | undefined;
  /** A trusted issuer, and which of its tenants. */
  readonly issuer?: string | undefined;
  readonly tenant?: string | undefined;
}

/** Keeps refusals from filling the record (design.md §4.5, T27): those of callers nobody knows, and those of somebody who never stops. */
export interface RefusalLedger {
  /**
   * Asks for a line of its own for one refusal: `undefined` means write it; otherwise it has been counted, and the answer is
   * the id of the bulk record that will tell how often.
   * @param proven - whoever was refused, and has proven who they are; strangers share what they may fill
   */
  count(domain: RecordDomain, reason: Refusal, proven?: Proven): string | undefined;
  /** Writes the bulk records of what was counted since the last time, if anything was. */
  flush(): Promise<void>;
}

/** What becomes one record: refusals of one client, person or issuer at one domain, or of all strangers. */
interface Bulk {
  readonly id: string;
  readonly domain: RecordDomain;
  readonly proven: Proven | undefined;
  readonly counts: Map<string, number>;
}

/**
 * A line each for the first `linesPerSecond` of strangers, and of whoever is proven for as many as their pace has room for; what
 * comes beyond becomes one record with a number per reason.
 * @param append - makes a bulk record durable
 * @param nowMs - milliseconds since 1970
 */
export function createRefusalLedger(options: {
  linesPerSecond: number;
  provenLines: { readonly burst: number; readonly perSecond: number };
  append: (record: AuditRecord) => Promise<void>;
  nowMs: () => number;
  newId: () => string;
  /** Told of each that gets no line. */
  onCounted?: ((domain: RecordDomain, reason: Refusal) => void) | undefined;
}): RefusalLedger {
  const pace = createPace({ ...options.provenLines, nowMs: options.nowMs });
  let second = 0;
  let linesThisSecond = 0;
  let bulks = new Map<string, Bulk>();

  const isLineOfStrangers = () => {
    const current = Math.floor(options.nowMs() / 1000);
    if (current !== second) [second, linesThisSecond] = [current, 0];
    linesThisSecond += 1;
    return linesThisSecond <= options.linesPerSecond;
  };
  const newBulk = (domain: RecordDomain, proven: Proven | undefined): Bulk => {
    return { id: options.newId(), domain, proven, counts: new Map() };
  };
  const add = ({ counts }: Bulk, what: string, times: number) => counts.set(what, (counts.get(what) ?? 0) + times);

  return {
    count(domain, reason, proven) {
      const who = proven
        ? JSON.stringify([domain, proven.client, proven.person, proven.issuer, proven.tenant])
        : 'strangers';
      if (proven ? pace.take(who) : isLineOfStrangers()) return undefined;
      options.onCounted?.(domain, reason);
      const bulk = bulks.get(who) ?? newBulk(proven ? domain : 'system', proven);
      bulks.set(who, bulk);
      add(bulk, proven ? reason : `${domain} ${reason}`, 1);
      return bulk.id;
    },
    async flush() {
      const before = bulks;
      bulks = new Map();
      for (const [who, bulk] of before) {
        try {
          await options.append(toRecord(bulk, options.nowMs()));
          before.delete(who);
        } catch (fault) {
          // Under its id, which callers were told, unless others were told another one meanwhile.
          for (const [left, was] of before) {
            const since = bulks.get(left);
            if (since) for (const [what, times] of was.counts) add(since, what, times);
            else bulks.set(left, was);
          }
          throw fault;
        }
      }
    },
  };
}

function toRecord({ id, domain, proven, counts }: Bulk, timeMs: number): AuditRecord {
  const whose = proven ? 'refusals beyond what gets a line each,' : 'unauthenticated refusals';
  const { client, person, issuer, tenant } = proven ?? {};
  return {
    v: 2,
    id,
    kind: 'refusal',
    domain,
    timeMs,
    outcome: 'refused',
    ...(client !== undefined && { client }),
    ...(person !== undefined && { person }),
    ...(issuer !== undefined && { issuer }),
    ...(tenant !== undefined && { tenant }),
    detail: `${whose} counted in bulk: ${[...counts].map(([what, times]) => `${what}: ${times}`).join(', ')}`,
  };
}
