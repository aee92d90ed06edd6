import type { Refusal } from '@credence/mcp/protocol';
import type { AuditRecord, RecordDomain } from './record.ts';

/** Keeps refusals of callers nobody knows from filling the record (design.md §4.5, T27). */
export interface RefusalLedger {
  /**
   * Asks for a line of its own for one unauthenticated refusal: `undefined` means write it; otherwise it has been counted,
   * and the answer is the id of the bulk record that will tell how often.
   */
  count(domain: RecordDomain, reason: Refusal): string | undefined;
  /** Writes the bulk record of what was counted since the last time, if anything was. */
  flush(): Promise<void>;
}

/**
 * The first `linesPerSecond` get a line each; a flood beyond that becomes one record with a number per reason.
 * @param append - makes the bulk record durable
 * @param nowMs - milliseconds since 1970
 */
export function createRefusalLedger(options: {
  linesPerSecond: number;
  append: (record: AuditRecord) => Promise<void>;
  nowMs: () => number;
  newId: () => string;
  /** Told of each that gets no line. */
  onCounted?: ((domain: RecordDomain, reason: Refusal) => void) | undefined;
}): RefusalLedger {
  let second = 0;
  let linesThisSecond = 0;
  let id = options.newId();
  let counts = new Map<string, number>();

  return {
    count(domain, reason) {
      const current = Math.floor(options.nowMs() / 1000);
      if (current !== second) [second, linesThisSecond] = [current, 0];
      linesThisSecond += 1;
      if (linesThisSecond <= options.linesPerSecond) return undefined;
      const key = `${domain} ${reason}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      options.onCounted?.(domain, reason);
      return id;
    },
    async flush() {
      if (counts.size === 0) return;
      const detail = [...counts].map(([key, times]) => `${key}: ${times}`).join(', ');
      const record: AuditRecord = {
        v: 2,
        id,
        kind: 'refusal',
        domain: 'system',
        timeMs: options.nowMs(),
        outcome: 'refused',
        detail: `unauthenticated refusals counted in bulk: ${detail}`,
      };
      const countsBefore = counts;
      counts = new Map();
      id = options.newId();
      try {
        await options.append(record);
      } catch (fault) {
        for (const [key, times] of countsBefore) counts.set(key, (counts.get(key) ?? 0) + times);
        throw fault;
      }
    },
  };
}
