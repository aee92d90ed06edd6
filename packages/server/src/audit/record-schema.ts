import { z } from 'zod';
import type { Effect } from '../policy/model.ts';
import { personalFacts, type ReadRecord, readRecord } from './personal.ts';
import type { Facts, RecordKind } from './record.ts';

const text = z.string();
const texts = z.array(text);
const count = z.int().min(0);
const effect = z.enum(['allow', 'deny', 'step_up', 'bind_key'] satisfies Effect[]);

/** Every fact that a record may carry. */
const facts = {
  correlation: z.string().regex(/^[0-9a-f]{32}$/),
  client: text,
  person: text,
  by: text,
  breakGlass: z.literal(true),
  issuer: text,
  subject: text,
  loosened: texts,
  clientLoosened: texts,
  encrypted: z.boolean(),
  tenant: text,
  accountBy: z.enum(['subject', 'email', 'aud_sub']),
  audience: text,
  resource: text,
  server: text,
  scopesAsked: texts,
  scopesClaimed: texts,
  unknownScopes: count,
  scopesGranted: texts,
  detailsAsked: texts,
  detailsGranted: texts,
  detailsHash: text,
  policy: z.strictObject({ kind: z.enum(['access', 'resource']), version: z.int().min(1) }),
  inputs: z.strictObject({
    groups: texts,
    roles: texts,
    acr: text.optional(),
    amr: texts,
    authTime: count.optional(),
    now: count,
    keyBound: z.boolean().optional(),
    held: texts.optional(),
  }),
  decision: z.strictObject({
    effect: effect,
    because: texts,
    needs: z.looseObject({}).optional(),
  }),
  trial: z.strictObject({
    effect: effect,
    scopes: texts,
    because: texts,
    details: texts.optional(),
    needs: z.looseObject({}).optional(),
  }),
  idJag: text,
  keptApart: texts,
  withheldOutside: texts,
  orphan: z.enum(['id_jag', 'access_token']),
  accessToken: text,
  session: text,
  upstream: text,
  method: text,
  tool: text,
  toolHash: text.nullable(),
  status: count,
  grantType: text,
  acr: text,
  amr: texts,
  factor: z.strictObject({
    kind: z.enum(['totp', 'passkey', 'recovery_code', 'enrolment_code']),
    id: text.optional(),
  }),
  keyThumbprint: text,
  certificateThumbprint: text,
  source: text,
  credential: text,
  group: text,
  joined: texts,
  left: texts,
  changed: texts,
  signal: z.strictObject({ event: text, id: text, at: count, effective: z.boolean().optional() }),
  before: z.record(text, z.unknown()),
  after: z.record(text, z.unknown()),
  detail: text,
} as const satisfies Record<keyof Facts, z.ZodType>;

type Fact = keyof Facts;

const all = Object.keys(facts) as Fact[];
/** What only those who run it do: nothing that a request of an agent leaves. */
const ofOperators = [
  ...['source', 'credential', 'group', 'joined', 'left', 'changed', 'before', 'after'],
] as const satisfies readonly Fact[];
/** What only a request for a grant, or a call, has. */
const ofRequests = [
  ...['scopesClaimed', 'unknownScopes', 'detailsAsked', 'detailsGranted', 'detailsHash', 'inputs', 'decision', 'trial'],
  'keptApart',
  ...['keyThumbprint', 'certificateThumbprint', 'tool', 'toolHash', 'grantType'],
] as const satisfies readonly Fact[];
const without = (some: readonly Fact[]) => all.filter((name) => !some.includes(name));
const requests = without(ofOperators);
const operators = without(ofRequests);

interface Form {
  /** Facts that a record of this kind always carries. */
  readonly has: readonly Fact[];
  /** And those that it may. */
  readonly may: readonly Fact[];
}

export const kinds: Readonly<Record<RecordKind, Form>> = {
  sign_in: { has: [], may: requests },
  sign_out: { has: [], may: requests },
  factor: { has: [], may: requests },
  decision: { has: ['client'], may: requests },
  issuance: { has: ['client', 'person', 'audience', 'server', 'policy', 'decision', 'idJag'], may: requests },
  redemption: { has: ['client', 'issuer', 'subject', 'scopesGranted', 'idJag', 'accessToken'], may: requests },
  revocation: { has: [], may: requests },
  refusal: { has: [], may: all },
  tool_call: { has: ['person', 'client', 'server', 'accessToken', 'policy', 'tool'], may: requests },
  policy: { has: ['policy'], may: operators },
  key: { has: ['detail'], may: operators },
  directory: { has: [], may: operators },
  admin: { has: [], may: operators },
  alert: { has: [], may: all },
  system: { has: ['detail'], may: operators },
};

/** Version 2. Version 1 is the same, told of people in the line itself. */
const versions = z.union([z.literal(1), z.literal(2)]);

function toSchema(kind: string, { has, may }: Form, erased: boolean): z.ZodType {
  const always = has.map((name) => [name, optionalIf(erased && isPersonal(name), facts[name])]);
  const sometimes = may.filter((name) => !has.includes(name)).map((name) => [name, facts[name].optional()]);
  return z.strictObject({
    v: versions,
    id: text.min(1),
    kind: z.literal(kind),
    domain: z.enum(['idp', 'ras', 'gateway', 'admin', 'system']),
    timeMs: count,
    outcome: z.enum(['allowed', 'refused']),
    reason: z
      .string()
      .regex(/^[a-z0-9_]+$/) // of a table that grows and shrinks with versions
      .optional(),
    address: text.optional(),
    ...(Object.fromEntries([...always, ...sometimes]) as Record<string, z.ZodType>),
  });
}

const schemas = new Map(
  Object.entries(kinds).map(([kind, form]) => {
    const loose = { ...form, may: all };
    return [
      kind,
      {
        strict: { whole: toSchema(kind, form, false), erased: toSchema(kind, form, true) },
        loose: { whole: toSchema(kind, loose, false), erased: toSchema(kind, loose, true) },
      },
    ] as const;
  }),
);

function optionalIf(isSo: boolean, schema: z.ZodType): z.ZodType {
  return isSo ? schema.optional() : schema;
}

/**
 * What is wrong with the form of a record, in words; `undefined` when nothing is. `loose` takes any fact that is known, in whatever
 * kind of record: one version of Credence is not to call the lines of another bad.
 */
export function checkRecord(
  record: ReadRecord,
  { erased = record.erased === true, how = 'strict' }: { erased?: boolean; how?: 'strict' | 'loose' } = {},
): string | undefined {
  const schema = schemas.get(record.kind);
  if (!schema) return 'it is of no kind that is known';
  const { erased: _, ...written } = record;
  const parsed = schema[how][erased ? 'erased' : 'whole'].safeParse(written);
  if (parsed.success) return undefined;
  const [issue] = parsed.error.issues;
  return `its form is not that of a ${record.kind}: ${issue?.path.join('.') || issue?.code} ${issue?.message}`;
}

function isPersonal(name: Fact): boolean {
  return personalFacts.some((personal) => personal === name);
}

/** A record as it is read, of which the form is known. Throws when it has another. */
export function readWellFormed(row: Parameters<typeof readRecord>[0]): ReadRecord {
  const record = readRecord(row);
  const words = checkRecord(record);
  if (words !== undefined) throw new Error(`${words}: ${row.body}`);
  return record;
}
