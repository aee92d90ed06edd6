import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { parsePolicy } from '../packages/server/src/policy/parse.ts';
import type { AdminRole } from '../packages/server/src/store/administrators.ts';
import type { PolicyKind } from '../packages/server/src/store/store.ts';
import { type AdminWorld, type Browser, openAdminWorld } from './admin-world.ts';
import { alice, rasIssuer } from './world.ts';

/** What is in force at first: engineering reads the tracker, through any of two clients. */
export const accessText = `
servers:
  tracker: { name: Tracker, resource: ${rasIssuer}/tracker/mcp, ras: ${rasIssuer}, scopes: { issues:read: {}, issues:write: { risk: high } } }
clients:
  claude-code: { name: Claude Code, redirect_uris: [http://localhost/cb], client_ids: { ${rasIssuer}: claude-code } }
  inspector: { name: Inspector, redirect_uris: [http://localhost/cb2], client_ids: { ${rasIssuer}: inspector } }
rules:
  - { id: eng-reads, allow: [issues:read], on: tracker, to: [group:engineering] }
`;

/** A world in which a document is in force, with people to gain and lose by changes. */
export async function openChangesWorld({ secondPerson = false, text = accessText } = {}) {
  const world = await openAdminWorld();
  const { store } = world;
  const groups = { data: 'Data', engineering: 'Engineering', contractors: 'Contractors' };
  for (const [id, name] of Object.entries(groups)) {
    const group = {
      kind: 'group',
      id,
      source: 'local',
      name,
      externalId: undefined,
      createdMs: 1,
      modifiedMs: 1,
    } as const;
    if (!(await store.directory.groups.find('group', id))) await store.directory.groups.create(group, [], []);
  }
  const people = { u_d1: ['data'], u_d2: ['data'], u_both: ['data', 'engineering'], u_off: ['data'] };
  for (const [id, of] of Object.entries(people)) {
    const person = {
      ...alice,
      id,
      email: `${id}@acme.example`,
      name: id,
      groups: of,
      roles: [],
      active: id !== 'u_off',
    };
    await store.people.save(person);
  }
  await publish(world, 'access', `${text}${secondPerson ? 'second_person: required\n' : ''}`);
  return world;
}

/** Puts a document into force behind the back of everybody, as a file that is read at start does. */
export async function publish({ store, services, now }: AdminWorld, kind: PolicyKind, text: string): Promise<number> {
  const parsed = parsePolicy(text, kind);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const document = JSON.stringify(parsed.document);
  const digest = hash('sha256', document, 'base64url');
  const version = ((await store.policies.latest(kind))?.version ?? 0) + 1;
  await store.policies.append({ kind, version, document, digest, author: 'file', publishedAt: now() }, []);
  await services.refresh();
  return version;
}

export const dataWrites = {
  section: 'rules',
  id: 'data-writes',
  value: { allow: ['issues:read', 'issues:write'], on: 'tracker', to: ['group:data'], through: ['claude-code'] },
} as const;

// biome-ignore lint/suspicious/noExplicitAny: whatever came back, looked at by tests
export type Seen = any;

/** Somebody who works on drafts in a browser. */
export function writer(world: AdminWorld, role: AdminRole) {
  let browser: Browser | undefined;
  const send = async (method: string, path: string, body?: unknown, etag?: string) => {
    browser ??= await world.browserOf(role);
    const headers = { ...browser.headers, ...(etag !== undefined && { 'if-match': etag }) };
    return world.send(method, path, { headers, ...(body !== undefined && { body }) });
  };
  return {
    send,
    /** Begins a draft and makes these edits. */
    draft: async (...edits: readonly object[]): Promise<{ id: string; digest: string; etag: string; body: Seen }> => {
      const begun = await send('POST', '/drafts', { kind: 'access', name: 'A change' });
      assert.equal(begun.status, 201, JSON.stringify(begun.body));
      const { id } = begun.body;
      const edited =
        edits.length === 0 ? begun : await send('PATCH', `/drafts/${id}`, { edits }, begun.headers.get('etag') ?? '');
      assert.ok(edited.status < 300, JSON.stringify(edited.body));
      return { id, digest: edited.body.digest, etag: edited.headers.get('etag') ?? '', body: edited.body };
    },
    propose: async ({ id, etag }: { id: string; etag: string }) => {
      const answer = await send('POST', `/drafts/${id}/propose`, undefined, etag);
      return { ...answer, etag: answer.headers.get('etag') ?? '' };
    },
    publish: (draft: { id: string; digest: string }) =>
      send('POST', `/drafts/${draft.id}/publish`, { digest: draft.digest }),
  };
}
