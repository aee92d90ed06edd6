import { z } from 'zod';
import { readCursor } from '../../audit/search.ts';
import { replay } from '../../changes/replay.ts';
import type { AccessIndex } from '../../policy/compile.ts';
import { movedBy } from '../../policy/diff/moved.ts';
import type { Explanation } from '../../policy/explain.ts';
import { explainAtBest } from '../../policy/missing.ts';
import { reachOf } from '../../policy/reach.ts';
import { withoutUpstream } from '../../policy/upstreams.ts';
import type { Person } from '../../store/store.ts';
import { diffOfDraft, findAccess } from './draft-texts.ts';
import { isHidden } from './people.ts';
import { answer, type Route, refuse, route } from './route.ts';

const params = z.strictObject({ id: z.string().max(64) });
const texts = z.array(z.string());
const risk = z.enum(['low', 'medium', 'high']);

const Effect = z.object({
  sign: z.enum(['+', '-', '~']).describe('Gained, lost, or kept under other conditions.'),
  words: z.string(),
  people: z.int(),
  already: z.int().describe('How many more of the same group have it another way as well.'),
  subject: z.string(),
  server: z.string(),
  clients: texts,
  throughAll: z.boolean(),
  scopes: texts,
  risk,
  rules: texts,
});

const DiffShape = z.object({
  digest: z
    .string()
    .describe('Of the text that this was computed of: whoever approves what they read here names this one.'),
  from: z.int().describe('Version it is compared with: the one in force.'),
  summary: z.string(),
  gain: z.int().describe('People who gain anything, each once.'),
  lose: z.int(),
  effects: z.array(Effect).describe('Gains by risk, then losses, then conditions.'),
  entries: z.array(
    z.object({ section: z.string(), id: z.string(), before: z.unknown(), after: z.unknown(), keys: texts }),
  ),
  widens: texts.describe('Why it grants more; empty when it only takes away.'),
  moved: z
    .array(
      z.object({
        server: z.string(),
        what: z.enum(['resource', 'ras', 'local', 'upstream']),
        before: z
          .string()
          .nullable()
          .describe('Of an upstream the origin of its address, or its command; null = none.'),
        after: z.string().nullable(),
        untold: texts.describe('What of it is another as well and may hold a secret.'),
      }),
    )
    .describe('What would go elsewhere than now; upstreams are told of to those who may publish.'),
  secondPerson: z.boolean().describe('Whether somebody else has to approve it.'),
});

const ExplanationShape = z.object({
  effect: z.enum(['allow', 'deny', 'step_up', 'bind_key']),
  scopes: texts,
  ahead: z.string().nullable().describe('Why no rule was looked at.'),
  rules: z.array(
    z.object({
      id: z.string(),
      effect: z.string(),
      spoke: z.boolean(),
      conditions: z.array(z.object({ about: z.string(), met: z.boolean(), words: z.string() })),
    }),
  ),
  outcomes: z.array(z.object({ scope: z.string(), outcome: z.string(), rules: texts, words: z.string() })),
});

const ReachShape = z.array(z.object({ client: z.string(), server: z.string(), scopes: texts }));

const ReplayedShape = z.object({
  id: z.string(),
  timeMs: z.int(),
  person: z.string(),
  client: z.string(),
  server: z.string(),
  change: z.enum(['gained', 'lost', 'again']).describe('again: would be sent to sign in again, and was not.'),
  before: texts,
  after: texts,
});

const dayMs = 86_400_000;

/** What a draft would do: to everybody, to one person, and to what was decided before. */
export const draftEffectRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/drafts/{id}/diff',
    id: 'diffDraft',
    summary: 'What a draft does, in people and in words, against the version in force',
    // It counts people by whatever rule somebody writes, which tells of each one whether they are in a group.
    permission: 'read:reach',
    params,
    answer: DiffShape,
    handle: async ({ params: { id }, by, now }, services) => {
      const found = await diffOfDraft(services, id, now);
      if (!found.ok) return found;
      const { digest, diff } = found.value;
      const { from, summary, gain, lose, widens, asksSecondPerson } = diff;
      const effects = diff.effects.map((effect) => ({
        ...effect,
        clients: [...effect.clients],
        scopes: [...effect.scopes],
        rules: [...effect.rules],
      }));
      const entries = diff.entries.map(({ section, id: entry, before, after, keys }) => {
        const [old, next] = [before, after].map((side) => withoutUpstream(side) ?? null);
        return { section, id: entry, before: old, after: next, keys: [...keys] };
      });
      const secondPerson = asksSecondPerson && widens.length > 0;
      // Whoever approves sees where calls would go; nobody else is told of upstreams more than that they are others.
      const moved = movedBy(diff.entries)
        .filter(({ what }) => what !== 'upstream' || by.permissions.has('publish'))
        .map((each) => ({ ...each, untold: [...each.untold] }));
      const rest = { widens: [...widens], moved, secondPerson };
      return answer({ digest, from, summary, gain, lose, effects, entries, ...rest });
    },
  }),
  route({
    method: 'GET',
    path: '/drafts/{id}/what-if',
    id: 'whatIf',
    summary: 'What a draft does to one person: all they can reach, or one server through one client, explained',
    // Of a person, and of everything the document could say: a token for documents alone learns neither.
    permission: 'read:reach',
    params,
    query: z.strictObject({
      person: z.string().max(256),
      client: z.string().max(256).optional(),
      server: z.string().max(256).optional(),
      scope: z.string().max(4000).optional().describe('Scopes asked for, separated by blanks; absent: none by name.'),
    }),
    answer: z.object({
      gained: ReachShape,
      lost: ReachShape,
      before: ExplanationShape.nullable(),
      after: ExplanationShape.nullable(),
    }),
    handle: async ({ params: { id }, query, by, now }, services) => {
      const found = await findAccess(services, id);
      if (!found.ok) return found;
      const isShown = !(await isHidden(services, by, query.person));
      const person = isShown ? await services.store.people.find(query.person) : undefined;
      if (!person) return refuse('api_value_invalid', 'There is no such person.');
      if ((query.client === undefined) !== (query.server === undefined)) {
        return refuse('api_value_invalid', 'client and server go together.');
      }
      const { before, after } = found.value;
      const explained = (index: AccessIndex | undefined) =>
        index && query.client !== undefined ? toShape(explainAtBest(index, toAsk(person, query, now))) : null;
      const [old, next] = [before ? reachOf(before, person, now) : [], reachOf(after, person, now)].map(flat);
      return answer({
        gained: missingIn(old ?? [], next ?? []),
        lost: missingIn(next ?? [], old ?? []),
        before: explained(before),
        after: explained(after),
      });
    },
  }),
  route({
    method: 'GET',
    path: '/drafts/{id}/replay',
    id: 'replayDraft',
    summary: 'What a draft would have decided: decisions on the record, the newest first, decided again',
    // Against a draft without rules it is the record itself.
    permission: 'read:audit',
    params,
    query: z.strictObject({
      fromMs: z.coerce.number().int().min(0).optional().describe('Absent: 30 days ago.'),
      toMs: z.coerce.number().int().min(0).optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(500),
      cursor: z.string().max(100).optional(),
    }),
    answer: z.object({
      digest: z.string().describe('Of the text that decided: add up pages of one text only.'),
      total: z.int().describe('Decided again: gained, lost, again and same together.'),
      gained: z.int(),
      letIn: z.int().describe('Of those gained: refusals, of which something would be given.'),
      lost: z.int(),
      shutOut: z.int().describe('Of those lost: of which nothing would be given, so that they would be refused.'),
      again: z.int(),
      same: z.int(),
      unknown: z
        .int()
        .describe('Beside the total, not computable: erased, or the draft asks for what was not recorded.'),
      changed: z.array(ReplayedShape),
      reachedMs: z.int().nullable().describe('When the last line was written that was looked at.'),
      next: z.string().nullable().describe('Cursor of the decisions before these; add the figures up.'),
    }),
    handle: async ({ params: { id }, query, nowMs }, services) => {
      const found = await findAccess(services, id);
      if (!found.ok) return found;
      const { fromMs = nowMs - 30 * dayMs, toMs = nowMs + 1, limit, cursor } = query;
      const after = cursor === undefined ? undefined : readCursor(cursor);
      if (cursor !== undefined && after === undefined)
        return refuse('api_value_invalid', 'The cursor is none of ours.');
      const page = await replay(services.store, found.value.after, { fromMs, toMs, limit, after });
      const { next, changed, reachedMs = null, ...figures } = page;
      const shown = changed.map((each) => ({ ...each, before: [...each.before], after: [...each.after] }));
      return answer({ digest: found.value.digest, ...figures, changed: shown, reachedMs, next: next ?? null });
    },
  }),
];

/** From the best place: what policy makes of the person, not of an hour or a network. */
function toAsk(
  { id, groups, roles }: Person,
  {
    client = '',
    server = '',
    scope,
  }: { client?: string | undefined; server?: string | undefined; scope?: string | undefined },
  now: number,
) {
  const scopes = scope?.split(' ').filter((each) => each !== '');
  return { person: { id, groups, roles }, client, server, scopes, now, whenever: true } as const;
}

function toShape({ decision, ahead, rules, scopes }: Explanation): z.output<typeof ExplanationShape> {
  return {
    effect: decision.effect,
    scopes: [...decision.scopes],
    ahead: ahead ?? null,
    rules: rules.map(({ id, effect, spoke, conditions }) => {
      return { id, effect, spoke, conditions: conditions.map(({ about, met, words }) => ({ about, met, words })) };
    }),
    outcomes: scopes.map(({ scope, outcome, rules: of, words }) => ({ scope, outcome, rules: [...of], words })),
  };
}

type Flat = { readonly client: string; readonly server: string; readonly scopes: readonly string[] };

function flat(reach: ReturnType<typeof reachOf>): Flat[] {
  return reach.map(({ client, server, scopes }) => ({ client: client.id, server: server.id, scopes }));
}

function missingIn(some: readonly Flat[], others: readonly Flat[]): z.output<typeof ReachShape> {
  return others.flatMap(({ client, server, scopes }) => {
    const same = some.find((each) => each.client === client && each.server === server);
    const missing = scopes.filter((scope) => !same?.scopes.includes(scope));
    return missing.length > 0 ? [{ client, server, scopes: missing }] : [];
  });
}
