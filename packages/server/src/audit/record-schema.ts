import { z } from 'zod';
import { personalFacts, type ReadRecord, readRecord } from './personal.ts';
import type { Facts, RecordKind } from './record.ts';

const text = z.string();
const texts = z.array(text);
const count = z.int().min(0);

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
  }),
  decision: z.strictObject({
    effect: z.enum(['allow', 'deny', 'step_up']),
    because: texts,
    needs: z.looseObject({}).optional(),
  }),
  idJag: text,
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

/** What a caller may have shown and asked for by the time that it was refused, or let through. */
const asked = [
  ...['client', 'clientLoosened', 'grantType', 'keyThumbprint', 'certificateThumbprint'],
  ...['audience', 'resource', 'server', 'scopesAsked', 'unknownScopes', 'detailsAsked'],
] as const satisfies readonly Fact[];
const decided = ['person', 'session', 'policy', 'inputs', 'decision', 'detail'] as const satisfies readonly Fact[];
const granted = ['scopesGranted', 'detailsGranted', 'detailsHash'] as const satisfies readonly Fact[];
const foreign = [
  ...['issuer', 'subject', 'tenant', 'loosened', 'encrypted', 'accountBy', 'scopesClaimed', 'idJag'],
] as const satisfies readonly Fact[];
const signedIn = [
  ...['client', 'person', 'by', 'breakGlass', 'upstream', 'method', 'acr', 'amr', 'factor', 'session', 'detail'],
] as const satisfies readonly Fact[];
const changed = [
  ...[
    'person',
    'by',
    'source',
    'credential',
    'group',
    'joined',
    'left',
    'changed',
    'before',
    'after',
    'detail',
    'client',
    'server',
  ],
] as const satisfies readonly Fact[];

/** Facts that each kind of record always carries, and those that it may. */
export const kinds: Readonly<Record<RecordKind, { readonly has: readonly Fact[]; readonly may: readonly Fact[] }>> = {
  sign_in: { has: [], may: signedIn },
  sign_out: { has: [], may: signedIn },
  factor: { has: ['person'], may: signedIn },
  decision: { has: ['client'], may: [...asked, ...decided, ...granted, ...foreign] },
  issuance: {
    has: ['client', 'person', 'audience', 'server', 'policy', 'inputs', 'decision', 'idJag'],
    may: [...asked, ...decided, ...granted],
  },
  redemption: {
    has: ['client', 'person', 'issuer', 'subject', 'server', 'scopesGranted', 'idJag', 'accessToken'],
    may: [...asked, ...decided, ...granted, ...foreign],
  },
  revocation: { has: [], may: [...asked, ...decided, ...foreign, 'accessToken', 'signal', 'by'] },
  refusal: { has: [], may: Object.keys(facts) as Fact[] },
  tool_call: {
    has: ['person', 'client', 'server', 'resource', 'accessToken', 'policy', 'tool', 'toolHash'],
    may: ['status', 'scopesGranted'],
  },
  policy: { has: ['policy'], may: ['by', 'person', 'changed', 'detail'] },
  key: { has: ['detail'], may: [] },
  directory: { has: [], may: changed },
  admin: { has: ['detail'], may: [...changed, 'breakGlass', 'issuer', 'subject', 'tenant', 'session', 'factor'] },
  alert: { has: [], may: Object.keys(facts) as Fact[] },
  system: { has: ['detail'], may: [] },
};

/** Version 2. Version 1 is the same, told of people in the line itself. */
const versions = z.union([z.literal(1), z.literal(2)]);

const schemas = new Map(
  Object.entries(kinds).map(([kind, { has, may }]) => {
    const always = (erased: boolean) =>
      [...has].map((name) => [name, optionalIf(erased && isPersonal(name), facts[name])]);
    const sometimes = may.filter((name) => !has.includes(name)).map((name) => [name, facts[name].optional()]);
    const toSchema = (erased: boolean) =>
      z.strictObject({
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
        correlation: facts.correlation.optional(),
        ...(Object.fromEntries([...always(erased), ...sometimes]) as Record<string, z.ZodType>),
      });
    return [kind, { whole: toSchema(false), erased: toSchema(true) }] as const;
  }),
);

function optionalIf(isSo: boolean, schema: z.ZodType): z.ZodType {
  return isSo ? schema.optional() : schema;
}

/** What is wrong with the form of a record, in words; `undefined` when nothing is. */
export function checkRecord(record: ReadRecord, erased = record.erased === true): string | undefined {
  const schema = schemas.get(record.kind);
  if (!schema) return 'it is of no kind that is known';
  const { erased: _, ...written } = record;
  const parsed = schema[erased ? 'erased' : 'whole'].safeParse(written);
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
