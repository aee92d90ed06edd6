import { createLately } from '../lately.ts';
import type { AuditRow, SaidFacts } from './store.ts';

/** What readers of the record want of a line. */
export interface RecentLine extends Pick<AuditRow, 'kind' | 'timeMs' | 'person' | 'client' | 'server'> {
  readonly position: number;
  readonly said: SaidFacts;
  /** It has a part that can be erased. */
  readonly isPersonal: boolean;
}

/**
 * The last lines of the record, as far as this process wrote them itself or a reader has read them already, for readers that come
 * after the answer: they need not read and parse what was at hand a moment ago. Whatever is not here is in the store; so is the
 * truth, where the two differ.
 */
export interface RecentLines {
  /**
   * In order: after the commit, or as they were read. A reader can be ahead of the word of whoever wrote them: lines no later than the
   * last one here leave it as it is. Those behind a gap are another's neighbours: what was here is dropped.
   */
  add(lines: readonly RecentLine[]): void;
  /** The lines that follow this position, at most `limit`; `undefined` = the first of them is not here. */
  after(position: number, limit: number): readonly RecentLine[] | undefined;
  /** Whether what follows this position is here, or would follow what is. */
  reaches(position: number): boolean;
  /** The store says something else by now. */
  drop(): void;
}

/** More than a busy second leaves to its readers; about 400 bytes each. */
const maxLines = 32_768;

export function recentLines(max = maxLines): RecentLines {
  let lines: RecentLine[] = [];
  const reaches: RecentLines['reaches'] = (position) => {
    const first = lines[0];
    return first !== undefined && first.position <= position + 1;
  };
  return {
    add(more) {
      for (const line of more) {
        const last = lines.at(-1)?.position ?? line.position - 1;
        if (line.position <= last) continue;
        if (line.position > last + 1) lines = [];
        // A quarter at once: taking the first away each time would move all the others.
        if (lines.length >= max) lines = lines.slice(max / 4);
        lines.push(line);
      }
    },
    reaches,
    after(position, limit) {
      const first = lines[0];
      if (!first || !reaches(position)) return undefined;
      const at = position + 1 - first.position;
      return lines.slice(at, at + limit);
    },
    drop() {
      lines = [];
    },
  };
}

/** A line for its readers: what they want and nothing else, so that it does not keep the rest of it in memory. */
export function toRecentLine(position: number, row: AuditRow): RecentLine {
  const { kind, timeMs, person, client, server } = row;
  const said = toSaid(row.said ?? readSaid(row));
  return { position, kind, timeMs, person, client, server, said, isPersonal: row.personal !== undefined };
}

/** What was said before, by the text of it: thousands of lines say the same, and each would keep it until the line is read. */
const saidBefore = createLately<SaidFacts>(1000);

/** What readers go by: the same object for all that say the same, for as long as it is one of the last thousand. */
export function toSaid(facts: SaidFacts): SaidFacts {
  const said = pickSaid(facts);
  if ('correlation' in said) return said;
  const text = JSON.stringify(Object.values(said));
  const known = saidBefore.get(text);
  if (known) return known;
  saidBefore.set(text, said);
  return said;
}

/** What readers go by, and nothing else. Most lines say nothing of who did it, and have no place for it. */
export function pickSaid(facts: SaidFacts): SaidFacts {
  const { issuer, domain, outcome, reason, scopesGranted, scopesAsked, unknownScopes } = facts;
  const { correlation, by, credential } = facts;
  const said = { issuer, domain, outcome, reason, scopesGranted, scopesAsked, unknownScopes };
  if (correlation === undefined && by === undefined && credential === undefined) return said;
  return { ...said, correlation, ...(by !== undefined && { by }), ...(credential !== undefined && { credential }) };
}

/** What the text of a line says that readers go by; as somebody wrote it, so that each member may be anything. */
export function readSaid({
  body,
  personal,
}: {
  readonly body: string;
  readonly personal?: string | null | undefined;
}): SaidFacts {
  const said = JSON.parse(body) as SaidFacts;
  // Who did it can be erased, and is read only where it stands: most lines are of requests, which nobody did to another.
  if (!personal?.includes('"by":')) return said;
  const { by } = JSON.parse(personal) as SaidFacts;
  return { ...said, by };
}
