import assert from 'node:assert/strict';
import type { Refusal } from '@credence/mcp/protocol';
import type { AuditRecord } from '../packages/server/src/audit/record.ts';
import { readWellFormed } from '../packages/server/src/audit/record-schema.ts';
import { hashSecret } from '../packages/server/src/clients/authenticate.ts';
import { createScim } from '../packages/server/src/idp/scim/endpoint.ts';
import type { Store } from '../packages/server/src/store/store.ts';
import { idpIssuer, openSession, openWorld, type World } from './world.ts';

/** Provisioning clients in front of the IdP of a world, each with a token of its own source. */

export interface ScimAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: an answer is looked at, member by member
  readonly body: any;
  readonly headers: Headers;
}

export type ScimClient = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<ScimAnswer>;

export const base = `${idpIssuer}/scim/v2`;

/** @param options.through - the store as the endpoint has it, such as one that goes away */
export async function openProvisioning(options: { linesPerSecond?: number; through?: (store: Store) => Store } = {}) {
  const world = await openWorld(undefined, options);
  const endpoint = createScim({
    ...world.edge,
    store: options.through?.(world.store) ?? world.store,
    issuer: idpIssuer,
    policy: world.policy,
  });
  const sendTo = async (request: Request): Promise<ScimAnswer> => {
    const response = await endpoint(request, '192.0.2.7');
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text), headers: response.headers };
  };
  /** A client of `scim:<name>`. */
  const clientOf = async (name: string): Promise<ScimClient> => {
    const token = `${name}-token-that-is-long-enough`;
    const { directory } = world.store;
    await directory.claimSource(`scim:${name}`);
    const createdAt = world.now();
    const row = {
      id: `t_${name}`,
      source: `scim:${name}`,
      tokenHash: hashSecret(token),
      createdAt,
      lastUsedAt: undefined,
    };
    assert.equal(await directory.scimTokens.add(row, 2, []), true);
    return (method, path, body, headers = {}) =>
      sendTo(
        new Request(`${base}${path}`, {
          method,
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json', ...headers },
          ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        }),
      );
  };
  const records = async (): Promise<AuditRecord[]> => (await world.store.audit.last(10_000)).map(readWellFormed);
  return { world, sendTo, clientOf, okta: await clientOf('okta'), entra: await clientOf('entra'), records };
}

/** A user as a client sends it. */
export function userBody(name: string, change: object = {}) {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    userName: `${name}@acme.example`,
    name: { givenName: name, familyName: 'Example' },
    emails: [{ primary: true, value: `${name}@acme.example`, type: 'work' }],
    active: true,
    ...change,
  };
}

export function patchBody(...operations: object[]) {
  return { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations: operations };
}

/** Signs the person in, as far as a token exchange can tell, and asks for an ID-JAG. */
export async function exchangeAs(world: World, personId: string) {
  const sid = `sid-${personId}`;
  if (!(await world.store.artifacts.sessionStands(sid, world.now()))) {
    await openSession(world.store, sid, 'claude-code', personId, world.now());
  }
  return world.exchange({ subject_token: await world.idToken({ sub: personId, sid }) });
}

/** What a client is told for each reason. @see https://www.rfc-editor.org/rfc/rfc7644#section-3.12 */
export const scimErrors = {
  scim_token_unknown: [401],
  scim_not_found: [404],
  scim_wrong_method: [405],
  scim_version_differs: [412],
  scim_body_too_large: [413],
  scim_wrong_content_type: [415],
  scim_too_fast: [429],
  scim_not_implemented: [501],
  scim_bulk_unresolved: [409],
  scim_user_name_taken: [409, 'uniqueness'],
  scim_email_taken: [409, 'uniqueness'],
  scim_filter_invalid: [400, 'invalidFilter'],
  scim_value_invalid: [400, 'invalidValue'],
  scim_immutable: [400, 'mutability'],
  scim_path_invalid: [400, 'invalidPath'],
  scim_no_target: [400, 'noTarget'],
  scim_body_malformed: [400, 'invalidSyntax'],
  scim_too_many: [400, 'tooMany'],
} as const satisfies Partial<Record<Refusal, readonly [status: number, scimType?: string]>>;
export type ScimRefusal = keyof typeof scimErrors;

/** Expects an error in SCIM's form (PRV-03), with the exact reason on the record where it is a write. */
export async function scimRefused(
  answer: ScimAnswer,
  reason: ScimRefusal,
  records: readonly AuditRecord[],
): Promise<void> {
  const [status, scimType] = scimErrors[reason];
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.deepEqual(answer.body.schemas, ['urn:ietf:params:scim:api:messages:2.0:Error']);
  assert.equal(answer.body.status, String(status), 'a string');
  assert.equal(answer.body.scimType, scimType);
  assert.equal(answer.headers.get('content-type'), 'application/scim+json');
  const reference = /Reference: (d_\S+)$/.exec(answer.body.detail)?.[1];
  if (reference === undefined) return;
  const record = records.find(({ id }) => id === reference);
  assert.equal(record?.reason, reason);
  assert.equal(record?.outcome, 'refused');
}
