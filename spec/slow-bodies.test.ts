import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Refusal } from '@credence/mcp/protocol';
import { type AdminWorld, adminRefused, adminUrl, openAdminWorld } from './admin-world.ts';
import { base, openProvisioning, scimRefused, userBody } from './scim.ts';

// Whoever was let in and then sends nothing for a while: what they send is done as they may when it is there, not as they might before.

/** A request whose body comes when something has happened meanwhile. */
function slowly(
  url: string,
  headers: Record<string, string>,
  body: unknown,
  meanwhile: () => Promise<unknown>,
): Request {
  const parts = async function* () {
    yield Buffer.from('{');
    for (let turn = 0; turn < 20; turn += 1) await setImmediate(); // until whoever sends it was let in
    await meanwhile();
    yield Buffer.from(JSON.stringify(body).slice(1));
  };
  return new Request(url, { method: 'POST', headers, body: ReadableStream.from(parts()), duplex: 'half' });
}

describe('T28: the admin API looks again at whoever sent the body', () => {
  type Meanwhile = (world: AdminWorld, session: string) => Promise<unknown>;
  const table: [what: string, meanwhile: Meanwhile, byToken: Refusal, bySession: Refusal][] = [
    [
      'switched off',
      ({ store, personOf }) => store.people.save({ ...personOf('people'), active: false }),
      ...(['admin_token_unknown', 'admin_session_over'] as const),
    ],
    [
      'of another role',
      ({ store, personOf, now }) =>
        store.administrators.grant({ personId: personOf('people').id, role: 'auditor', grantedAt: now() }, []),
      ...(['admin_scope_lacks', 'admin_role_lacks'] as const),
    ],
    [
      'without this session, or this token',
      async ({ store, personOf }, session) => {
        await store.adminSessions.end(session, []);
        const page = { after: '', limit: 10, personId: personOf('people').id };
        for (const { id } of await store.apiTokens.list(page)) await store.apiTokens.remove(id, []);
      },
      ...(['admin_token_unknown', 'admin_session_over'] as const),
    ],
  ];
  const somebody = { email: 'slow@acme.example', name: 'Slow' };
  const people = `${adminUrl}/api/v1/people`;
  const json = { 'content-type': 'application/json' };

  for (const [what, meanwhile, byToken, bySession] of table) {
    for (const [by, reason] of [
      ['a token', byToken],
      ['a session', bySession],
    ] as const) {
      test(`${by} of somebody who is ${what} meanwhile`, async () => {
        const world = await openAdminWorld();
        const browser = await world.browserOf('people');
        const token = { authorization: `Bearer ${await world.tokenOf('people')}` };
        const headers = { ...json, ...(by === 'a token' ? token : browser.headers) };
        const answer = await world.raw(slowly(people, headers, somebody, () => meanwhile(world, browser.idHash)));
        await adminRefused(world, answer, reason);
        assert.equal(await world.store.people.findByEmail(somebody.email), undefined);
      });
    }
  }

  test('slowly alone takes nothing away, and a sign-in that grows old meanwhile is none too old', async () => {
    const world = await openAdminWorld();
    const browser = await world.browserOf('owner', { agoSeconds: 890 });
    const grownOld = async () => {
      world.clock.ms += 14_000;
    };
    const token = { name: 'slow', scopes: ['read:people'], days: 1 };
    const made = await world.raw(slowly(`${adminUrl}/api/v1/tokens`, { ...json, ...browser.headers }, token, grownOld));
    assert.equal(made.status, 201);
  });
});

describe('PRV-02: a SCIM token that was taken back while the body came', () => {
  const headers = { authorization: 'Bearer okta-token-that-is-long-enough', 'content-type': 'application/scim+json' };

  test('changes nothing', async () => {
    const { sendTo, okta, world, records } = await openProvisioning();
    const takenBack = () => world.store.directory.scimTokens.remove('t_okta', []);
    const refused = await sendTo(slowly(`${base}/Users`, headers, userBody('slow'), takenBack));
    await scimRefused(refused, 'scim_token_unknown', await records());
    assert.equal(await world.store.people.findByEmail('slow@acme.example'), undefined);
    assert.equal((await okta('GET', '/Users')).status, 401);
  });

  test('slowly alone takes nothing away', async () => {
    const { sendTo } = await openProvisioning();
    const made = await sendTo(slowly(`${base}/Users`, headers, userBody('slow'), async () => undefined));
    assert.equal(made.status, 201);
  });
});
