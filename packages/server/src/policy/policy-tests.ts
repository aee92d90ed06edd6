import { type EpochSeconds, isScopeToken } from '@credence/mcp/protocol';
import { z } from 'zod';
import { subject } from './access-document.ts';
import { detailTypeName, displayName, id, isMapping, mapping } from './document-words.ts';
import { parseAddress } from './network.ts';
import { type ParsedPolicy, toFindings } from './parse.ts';
import { readYaml } from './read-yaml.ts';

/**
 * Policy tests as data: named cases of who asks for what, and what has to come of it. What could make a case pass without
 * proving anything (a group written as a rule writes it, a scope a refusal cannot grant, no case at all) is a mistake.
 */

/** As the directory has it, without the `group:` a rule puts in front; else the case would be about nobody. */
const idIn = (kind: 'group' | 'role' | 'user') =>
  z
    .string('must be text')
    .refine((text) => !text.startsWith(`${kind}:`), `must be the id alone, without ${kind}: in front`)
    .refine((text) => subject.safeParse(`${kind}:${text}`).success, `must be an id that a rule can name as ${kind}:ID`);

const method = z.string('must be text').min(1, 'must not be empty');

const scopeToken = z.string('must be the name of a scope').refine(isScopeToken, 'must be a scope token without spaces');

const timeWords = 'must be a time such as 2026-11-26T09:00:00Z, or seconds since 1970';
const epochSeconds = z
  .union([z.int(timeWords).min(0, timeWords), z.iso.datetime({ offset: true, error: timeWords })], { error: timeWords })
  .transform((time) => (typeof time === 'number' ? time : Math.floor(Date.parse(time) / 1000)));

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

const ago = z
  .string('must be text such as 2h ago')
  .regex(/^\d{1,6}[smhd] ago$/, 'must be a whole number with s, m, h or d, such as 90s ago, 30m ago, 2h ago or 3d ago')
  .transform((text) => Number.parseInt(text, 10) * (unitSeconds[text.charAt(text.length - 5)] ?? Number.NaN));

const Expectation = mapping({
  effect: z.enum(['allow', 'deny', 'step_up', 'bind_key'], 'must be allow, deny, step_up or bind_key'),
  /** Exactly these, in any order; not compared when absent, as the two below. */
  scopes: z.array(scopeToken, 'must be a list of scopes').optional(),
  details: z.array(detailTypeName, 'must be a list of types').optional(),
  /** Rules that spoke. */
  because: z.array(id, 'must be a list of rules').optional(),
}).superRefine(
  ({ effect, scopes }, context) => {
    if (!Array.isArray(scopes)) return;
    const message =
      effect === 'allow'
        ? 'must name at least one scope: an allow grants some; leave scopes out to accept any'
        : `must be empty or left out: only an allow grants scopes, and this case expects ${effect}`;
    if ((effect === 'allow') !== scopes.length > 0) context.addIssue({ code: 'custom', path: ['scopes'], message });
  },
  { when: isMapping },
);

const Case = mapping({
  name: displayName,
  person: mapping({
    id: idIn('user').optional(),
    groups: z.array(idIn('group'), 'must be a list of group ids').default([]),
    roles: z.array(idIn('role'), 'must be a list of role ids').default([]),
  }),
  client: id,
  server: id,
  scopes: z
    .array(scopeToken, 'must be a list of scopes')
    .min(1, 'must name at least one scope; leave scopes out for a request that names none')
    .optional(),
  details: z.array(detailTypeName, 'must be a list of types').min(1, 'must name at least one type').optional(),
  acr: method.optional(),
  amr: z.array(method, 'must be a list such as [pwd, mfa]').default([]),
  auth_time: epochSeconds.optional(),
  /** Seconds before `now`; with neither this nor auth_time the age of the sign-in is unknown, which is too old. */
  signed_in: ago.optional(),
  now: epochSeconds.optional(),
  /** The request came with a key that the sign-in was bound to. */
  key_bound: z.boolean('must be true or false').default(false),
  /** Where the request comes from. */
  address: z
    .string('must be text')
    .refine((text) => parseAddress(text) !== undefined, 'must be one address such as 198.51.100.7 or 2001:db8::7')
    .optional(),
  /** What the session was given before, of what must never come together. */
  held: z
    .record(id, z.array(scopeToken, 'must be a list of scopes'), 'must be a mapping such as { tracker: [issues:read] }')
    .optional(),
  expect: Expectation,
}).superRefine(
  ({ auth_time, signed_in, now }, context) => {
    const say = (message: string) => context.addIssue({ code: 'custom', path: ['auth_time'], message });
    if (auth_time === undefined) return;
    if (signed_in !== undefined) say('says again when the sign-in was; keep auth_time or signed_in');
    else if (now === undefined)
      say('needs now beside it, or the outcome depends on the day of the test; or say signed_in: 2h ago');
    else if (auth_time > now) say('is after now; nobody has signed in yet');
  },
  { when: isMapping },
);

const PolicyTestFile = mapping({
  cases: z
    .array(Case, 'must be a list of cases, each with a name')
    .min(1, 'must have at least one case: a file without any proves nothing')
    .superRefine(
      (cases, context) => {
        const names = cases.map((one) => one?.name);
        for (const [at, name] of names.entries()) {
          if (typeof name !== 'string' || names.indexOf(name) === at) continue;
          const message = `is the name of case ${names.indexOf(name) + 1} too; give each its own`;
          context.addIssue({ code: 'custom', path: [at, 'name'], message });
        }
      },
      { when: ({ value }) => Array.isArray(value) },
    ),
});

/** One case, with the line it starts at. */
export type PolicyCase = z.output<typeof Case> & { readonly line: number };

export type CaseExpectation = z.output<typeof Expectation>;

/** Times of a case as a request has them. */
export function timesOf(
  { auth_time, signed_in, now }: PolicyCase,
  clock: EpochSeconds,
): { authTime: EpochSeconds | undefined; now: EpochSeconds } {
  const nowThere = now ?? clock;
  return { authTime: signed_in === undefined ? auth_time : nowThere - signed_in, now: nowThere };
}

/** Reads a file of policy tests. All its mistakes are found at once; one with any is refused whole. */
export function parsePolicyTests(text: string): ParsedPolicy<readonly PolicyCase[]> {
  const yaml = readYaml(text);
  if (!yaml.ok) return yaml;
  const parsed = PolicyTestFile.safeParse(yaml.value);
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap(toFindings).map(yaml.locate);
    return { ok: false, problems: problems.sort((a, b) => a.line - b.line || a.column - b.column) };
  }
  const lineOf = (at: number) => yaml.locate({ path: ['cases', at], message: '' }).line;
  return { ok: true, document: parsed.data.cases.map((one, at) => ({ ...one, line: lineOf(at) })) };
}
