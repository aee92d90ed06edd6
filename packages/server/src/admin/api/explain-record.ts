import { type EpochSeconds, type Refusal, refusalRow, refusals } from '@credence/mcp/protocol';
import { z } from 'zod';
import { type ReadRecord, readRecord } from '../../audit/personal.ts';
import { type Again, decideAgain } from '../../changes/decide-again.ts';
import { toRecordedAsk } from '../../changes/recorded-ask.ts';
import type { AccessIndex } from '../../policy/compile.ts';
import { missingOf, smallestRuleFor } from '../../policy/missing.ts';
import { isSame } from '../explain.ts';
import { isHidden } from './people.ts';
import { RecordShape, recordParams } from './records.ts';
import { answer, type Route, refuse, route } from './route.ts';
import { RuleShape, toRuleShape } from './rule-shape.ts';
import type { AdminServices } from './services.ts';
import { dayAfter, SmallestRuleShape, toSmallestShape } from './smallest-shape.ts';
import { findHead } from './subject-heads.ts';

const Reason = z.object({
  reason: z.string(),
  wire: z.string().describe('What the caller was told.'),
  status: z.int(),
  rule: z.string().describe('The requirement behind it.'),
  hint: z.string(),
  help: z.string().nullable().describe('What an operator can do about it.'),
});

const Named = z.object({ id: z.string(), name: z.string() });

const Decided = z.object({
  version: z.int(),
  isSame: z.boolean().describe('Whether deciding again came to what is on the record.'),
  ahead: z.string().nullable().describe('Why no rule was looked at.'),
  effect: z.enum(['allow', 'deny', 'step_up', 'bind_key']),
  rules: z
    .array(
      z.object({
        id: z.string(),
        effect: z.enum(['allow', 'deny', 'require', 'never_together']),
        spoke: z.boolean(),
        conditions: z
          .array(z.object({ about: z.string(), met: z.boolean(), words: z.string() }))
          .describe('In the order in which they are checked, up to the first that failed.'),
        rule: RuleShape.nullable().describe('As that version has it; null for what must never come together.'),
      }),
    )
    .describe('In the order of the document.'),
  scopes: z.array(z.object({ scope: z.string(), outcome: z.string(), rules: z.array(z.string()), words: z.string() })),
});

/** A right for one person alone ends by itself. */
const smallestDays = 10;

/** Groups whose names are looked up for one answer; of more, the ids do. */
const mostNames = 500;

/** Why something was decided, in parts: what the page of a decision is drawn from. */
export const explainRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/records/{id}/explain',
    id: 'explainRecord',
    summary:
      'One line of the record taken apart, with names: every rule on the server, and the first condition that failed',
    permission: 'read:audit',
    params: recordParams,
    answer: z.object({
      record: RecordShape,
      reason: Reason.nullable(),
      decided: Decided.nullable().describe('null = no rules were asked, or what they were asked with is gone.'),
      smallest: SmallestRuleShape.nullable().describe(
        'The smallest rule that would give it under the policy in force, for ten days; null = no rule that allows something would do, or none has to.',
      ),
      names: z.object({
        person: Named.nullable().describe('null = nobody of that id here, or not for this caller to see.'),
        client: Named.nullable(),
        server: Named.nullable(),
        clients: z.array(Named).describe('Clients that the rules name.'),
        subjects: z.array(Named).describe('Groups and roles that the rules name, as they name them.'),
      }),
    }),
    handle: async ({ params: { id }, by, now }, services) => {
      const { store, installation } = services;
      const row = (await store.audit.find(id)) ?? (await store.audit.findByToken(id))[0];
      if (!row) return refuse('api_not_found');
      const record = readRecord(row);
      const again = await decideAgain(store, record, installation);
      const mayName = by.permissions.has('read:people');
      const isShown = record.person !== undefined && mayName && !(await isHidden({ store }, by, record.person));
      const person = isShown ? await store.people.find(record.person) : undefined;
      const index = again?.index ?? services.access();
      const nameOf = (all: ReadonlyMap<string, { name: string }> | undefined, of: string | undefined) => {
        const name = of === undefined ? undefined : all?.get(of)?.name;
        return of === undefined || name === undefined ? null : { id: of, name };
      };
      return answer({
        record: { ...record },
        reason: record.reason && Object.hasOwn(refusals, record.reason) ? toReason(record.reason) : null,
        decided: again ? { ...toDecided(again), isSame: isSame(again.explanation, record) } : null,
        smallest: smallestFor(record, services.access(), now),
        names: {
          person: person ? { id: person.id, name: person.email } : null,
          client: nameOf(index?.clients, record.client) ?? nameOf(services.resource()?.clients, record.client),
          server: nameOf(index?.servers, record.server) ?? nameOf(services.resource()?.servers, record.server),
          ...(await namesIn(again, services)),
        },
      });
    },
  }),
  route({
    method: 'GET',
    path: '/reasons',
    id: 'listReasons',
    summary: 'Every reason there is to refuse something, in words',
    permission: 'read:audit',
    answer: z.object({ items: z.array(Reason) }),
    handle: async () => answer({ items: (Object.keys(refusals) as Refusal[]).map(toReason) }),
  }),
];

/** By the groups that stand on the record: whoever may read that is told nothing of today's directory. */
function smallestFor(record: ReadRecord, index: AccessIndex | undefined, now: EpochSeconds) {
  const ask = record.outcome === 'refused' && record.domain === 'idp' ? toRecordedAsk(record) : undefined;
  const missing = ask && index ? missingOf(index, ask, ask.person, now) : undefined;
  if (!ask || missing?.kind !== 'rule') return null;
  const about = { personId: ask.person.id, client: ask.client, server: ask.server, decision: record.id };
  return toSmallestShape(smallestRuleFor(about, missing.scopes, dayAfter(now, smallestDays)));
}

function toReason(reason: Refusal): z.output<typeof Reason> {
  const { wire, status, rule, hint, help = null } = refusalRow(reason);
  return { reason, wire, status, rule, hint, help };
}

function toDecided({ index, explanation, rulesHere }: Again): Omit<z.output<typeof Decided>, 'isSame'> {
  const { decision, ahead = null, rules, scopes } = explanation;
  return {
    version: index.version,
    ahead,
    effect: decision.effect,
    rules: rules.map(({ id, effect, spoke, conditions }) => {
      const rule = effect === 'never_together' ? undefined : rulesHere.get(id);
      return { id, effect, spoke, conditions: [...conditions], rule: rule ? toRuleShape(rule) : null };
    }),
    scopes: scopes.map((one) => ({ ...one, rules: [...one.rules] })),
  };
}

/** Clients and groups that the rules name. People whom they name keep their ids here. */
async function namesIn(again: Again | undefined, { store }: Pick<AdminServices, 'store'>) {
  if (!again) return { clients: [], subjects: [] };
  const all = again.explanation.rules.flatMap(({ id }) => again.rulesHere.get(id) ?? []);
  const clients = [...new Set(all.flatMap(({ through }) => [...(through ?? [])]))];
  const subjects: z.output<typeof Named>[] = [];
  for (const subject of new Set(all.flatMap(({ to }) => to))) {
    if (subjects.length === mostNames || subject.startsWith('user:')) continue;
    subjects.push({ id: subject, name: (await findHead(store, subject, false)).name });
  }
  return {
    clients: clients.map((id) => ({ id, name: again.index.clients.get(id)?.name ?? id })),
    subjects,
  };
}
