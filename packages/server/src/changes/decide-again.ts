import type { AuditRecord } from '../audit/record.ts';
import type { Origins } from '../in-force.ts';
import type { AccessIndex } from '../policy/compile.ts';
import type { Rule } from '../policy/compile-rules.ts';
import { type Explanation, explain } from '../policy/explain.ts';
import type { Ask } from '../policy/model.ts';
import type { Store } from '../store/store.ts';
import { compiledAccess } from './compiled.ts';
import { toRecordedAsk } from './recorded-ask.ts';

/** A decision made anew, and the version it was made with. */
export interface Again {
  /** What was asked, as it is on the record. */
  readonly ask: Ask;
  readonly index: AccessIndex;
  readonly explanation: Explanation;
  /** Rules of that version on the server that was asked for, by id. */
  readonly rulesHere: ReadonlyMap<string, Rule>;
}

/**
 * Decides again from the version and the inputs on the record; nothing is read from today's directory. `undefined` where the
 * record is of no decision, or what it rested on was erased.
 * @param known - versions that are compiled already: to compile one again may take long
 */
export async function decideAgain(
  store: Pick<Store, 'policies'>,
  record: AuditRecord,
  origins: Origins,
  known: readonly AccessIndex[] = [],
): Promise<Again | undefined> {
  const ask = toRecordedAsk(record);
  if (!ask || !record.policy) return undefined;
  const { version } = record.policy;
  const index = known.find((each) => each.version === version) ?? (await compile(store, version, origins));
  if (!index) return undefined;
  const rulesHere = new Map(index.rules.get(ask.server)?.all.map((rule) => [rule.id, rule]));
  return { ask, index, explanation: explain(index, ask), rulesHere };
}

async function compile(
  { policies }: Pick<Store, 'policies'>,
  version: number,
  origins: Origins,
): Promise<AccessIndex | undefined> {
  const found = await policies.read('access', version);
  return found && compiledAccess(found, origins);
}
