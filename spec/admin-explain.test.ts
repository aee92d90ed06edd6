import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { refusals } from '../packages/mcp/src/protocol/refusals.ts';
import { toRow } from '../packages/server/src/audit/record.ts';
import { decideAgain } from '../packages/server/src/changes/decide-again.ts';
import { parsePolicy } from '../packages/server/src/policy/parse.ts';
import { type AdminWorld, addBreakGlass, adminRefused, openAdminWorld } from './admin-world.ts';
import { alice, rasIssuer, tracker } from './world.ts';

// Why something was decided, told in parts to those who may read the record: as credence explain, from the same code.

const document = `
servers:
  tracker: { resource: ${tracker}, ras: ${rasIssuer}, scopes: { issues:read: {}, issues:write: { risk: high } } }
clients:
  claude-code: { name: Claude Code, redirect_uris: [http://localhost/callback], client_ids: { ${rasIssuer}: cc-at-ras } }
  vscode: { name: VS Code, redirect_uris: [http://localhost/callback], client_ids: { ${rasIssuer}: vs-at-ras } }
rules:
  - { id: eng, allow: all, on: tracker, to: [group:engineering] }
  - { id: by-vscode, allow: [issues:write], on: tracker, to: [everyone], through: [vscode] }
  - { id: out, deny: all, on: tracker, to: [role:contractor] }
`;

/** The version that decides in the world, as the store would have it. */
async function publish(world: AdminWorld, text = document): Promise<void> {
  const parsed = parsePolicy(text, 'access');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const json = JSON.stringify(parsed.document);
  const digest = createHash('sha256').update(json).digest('base64url');
  const { version } = world.policy();
  await world.store.policies.append(
    { kind: 'access', version, document: json, digest, author: 'dana', publishedAt: 1 },
    [],
  );
}

describe('why something was decided', () => {
  test('every rule on the server, its conditions as far as they were checked, and names', async () => {
    const world = await openAdminWorld();
    await publish(world);
    await world.store.people.save({ ...alice, groups: ['marketing'] });
    const { record } = await world.exchange({ scope: 'issues:write' });
    const { headers } = await world.browserOf('auditor');
    const { status, body } = await world.send('GET', `/records/${record.id}/explain`, { headers });
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.record.id, record.id);
    assert.equal(body.reason.reason, record.reason);
    assert.equal(body.reason.wire, refusals[record.reason ?? 'policy_denied'].wire);
    assert.deepEqual(
      body.decided.rules.map(({ id, spoke, conditions, rule }: Record<string, unknown>) => [
        id,
        spoke,
        (conditions as { about: string; met: boolean }[]).map(({ about, met }) => `${about} ${met}`),
        (rule as { through: unknown }).through,
      ]),
      [
        ['eng', false, ['person false'], null],
        ['by-vscode', false, ['person true', 'client false'], ['vscode']],
        ['out', false, ['person false'], null],
      ],
    );
    assert.deepEqual([body.decided.isSame, body.decided.effect, body.decided.ahead], [true, 'deny', null]);
    assert.deepEqual(body.names.person, { id: 'u_alice', name: 'alice@acme.example' });
    assert.deepEqual(body.names.client, { id: 'claude-code', name: 'Claude Code' });
    assert.deepEqual(body.names.clients, [{ id: 'vscode', name: 'VS Code' }]);
    assert.ok(body.names.subjects.some(({ id }: { id: string }) => id === 'group:engineering'));
  });

  test('the smallest rule that would give it, for what the IdP refused and would refuse today', async () => {
    const world = await openAdminWorld();
    await publish(world);
    await world.store.people.save({ ...alice, groups: ['marketing'] });
    const { record: refused } = await world.exchange({ scope: 'issues:write' });
    await world.store.people.save(alice);
    const { record: given } = await world.exchange({ scope: 'issues:write' });
    const browser = await world.browserOf('auditor');
    const smallest = async (id: string) => (await world.send('GET', `/records/${id}/explain`, browser)).body.smallest;
    assert.notEqual(await smallest(refused.id), null);
    assert.equal(await smallest(given.id), null, 'it was given');

    const version = world.policy().version + 1;
    const inForce = async (change: string, at: number) => {
      const parsed = parsePolicy(change, 'access');
      assert.ok(parsed.ok, JSON.stringify(parsed));
      const json = JSON.stringify(parsed.document);
      const digest = createHash('sha256').update(json).digest('base64url');
      await world.store.policies.append(
        { kind: 'access', version: at, document: json, digest, author: 'dana', publishedAt: 1 },
        [],
      );
      await world.services.refresh();
    };
    await inForce(document.replace('[everyone], through: [vscode]', '[everyone]'), version);
    assert.equal(await smallest(refused.id), null, 'a rule gives it by now');
    await inForce(document.replace('to: [group:engineering]', 'to: [group:nobody]'), version + 1);
    assert.equal(await smallest(given.id), null, 'it was given, whatever is in force today');
  });

  test('groups that rules name have names, and people whom they name keep their ids', async () => {
    const world = await openAdminWorld();
    await publish(world, document.replace('to: [group:engineering]', 'to: [group:engineering, user:u_bob]'));
    const { record } = await world.exchange();
    const { body } = await world.send('GET', `/records/${record.id}/explain`, await world.browserOf('auditor'));
    assert.deepEqual(
      body.names.subjects.map(({ id }: { id: string }) => id),
      ['group:engineering', 'everyone', 'role:contractor'],
    );
  });

  test('a line of long ago has the names that there still are', async () => {
    const world = await openAdminWorld();
    const about = { client: 'a-client-of-before', server: 'a-server-of-before', reason: 'a_reason_of_before' as never };
    const line = {
      v: 2,
      id: 'd_before',
      kind: 'refusal',
      domain: 'idp',
      timeMs: 1,
      outcome: 'refused',
      ...about,
    } as const;
    await world.store.commit({ marks: [], records: [toRow(line)] });
    const { status, body } = await world.send('GET', '/records/d_before/explain', await world.browserOf('auditor'));
    assert.equal(status, 200);
    assert.deepEqual([body.reason, body.names.client, body.names.server], [null, null, null]);
  });

  test('a record is decided again with its own version, whatever else is at hand; without it not at all', async () => {
    const world = await openAdminWorld();
    const { record } = await world.exchange();
    const { installation, store } = world.services;
    assert.equal(await decideAgain(store, record, installation), undefined, 'its version is not in the store');
    await publish(world);
    const again = await decideAgain(store, record, installation);
    assert.equal(again?.explanation.decision.effect, 'allow');
    const { version } = again.index;
    const other = { ...again.index, version: version + 1, rules: new Map() };
    assert.equal((await decideAgain(store, record, installation, [other]))?.explanation.decision.effect, 'allow');
    assert.equal((await decideAgain(store, record, installation, [other, again.index]))?.index, again.index);
    const { policy: _, ...unruled } = record;
    assert.equal(await decideAgain(store, unruled, installation), undefined);
    const { inputs: __, ...erased } = record;
    assert.equal(await decideAgain(store, erased, installation), undefined);
  });

  test('a record that its version does not lead to is told apart', async () => {
    const world = await openAdminWorld();
    await publish(world, document.replace('allow: all', 'allow: [issues:write]'));
    const { record } = await world.exchange({ scope: 'issues:read' });
    assert.equal(record.outcome, 'allowed');
    const { body } = await world.send('GET', `/records/${record.id}/explain`, await world.browserOf('auditor'));
    assert.deepEqual([body.decided.effect, body.decided.isSame], ['deny', false]);
  });

  test('LOG-01: whoever may read the record and not people is told no name', async () => {
    const world = await openAdminWorld();
    await publish(world);
    const { record } = await world.exchange();
    const token = await world.tokenOf('auditor', ['read:audit']);
    const { body } = await world.send('GET', `/records/${record.id}/explain`, { token });
    assert.equal(body.record.person, 'u_alice');
    assert.equal(body.names.person, null);
    assert.ok(!JSON.stringify(body).includes('alice@'));
    const names = await world.send('GET', '/people/names?ids=u_alice', { token });
    await adminRefused(world, names, 'admin_scope_lacks');
  });

  test('what was asked of no rule has its reason alone; what is not there is not found', async () => {
    const world = await openAdminWorld();
    const { record } = await world.exchange({ client_secret: 'wrong' });
    const { headers } = await world.browserOf('auditor');
    const { body } = await world.send('GET', `/records/${record.id}/explain`, { headers });
    assert.deepEqual([body.decided, body.reason.reason], [null, 'client_secret_wrong']);
    const none = await world.send('GET', '/records/nothing/explain', { headers });
    await adminRefused(world, none, 'api_not_found', { isRecorded: false });
  });

  test('reasons come with their words, every one', async () => {
    const world = await openAdminWorld();
    const { body } = await world.send('GET', '/reasons', await world.browserOf('auditor'));
    assert.equal(body.items.length, Object.keys(refusals).length);
    assert.ok(body.items.every(({ hint, status }: { hint: string; status: number }) => hint !== '' && status >= 400));
  });

  test('several kinds of lines are found at once', async () => {
    const world = await openAdminWorld();
    await world.exchange();
    await world.exchange({ client_secret: 'wrong' });
    const { headers } = await world.browserOf('auditor');
    const kinds = async (kind: string) =>
      (await world.send('GET', `/records?kind=${kind}`, { headers })).body.items.map(
        (item: { kind: string }) => item.kind,
      );
    assert.deepEqual(await kinds('issuance,refusal'), ['refusal', 'issuance']);
    assert.deepEqual(await kinds('issuance'), ['issuance']);
    const bad = await world.send('GET', '/records?kind=issuance,,', { headers });
    await adminRefused(world, bad, 'api_value_invalid', { isRecorded: false });
  });

  test('T30: names of people by their ids, the break-glass account to owners alone', async () => {
    const world = await openAdminWorld();
    await addBreakGlass(world);
    for (const [role, ids] of [
      ['owner', ['u_alice', 'u_glass']],
      ['help-desk', ['u_alice']],
    ] as const) {
      const { headers } = await world.browserOf(role);
      const { body } = await world.send('GET', '/people/names?ids=u_alice,u_nobody,u_glass,u_alice', { headers });
      assert.deepEqual(
        body.items.map(({ id }: { id: string }) => id),
        ids,
      );
    }
    const most = Array.from({ length: 100 }, (_, at) => `u_${at}`).join(',');
    const { status } = await world.send('GET', `/people/names?ids=${most}`, await world.browserOf('owner'));
    assert.equal(status, 200);
    const many = Array.from({ length: 101 }, (_, at) => `u_${at}`).join(',');
    const refused = await world.send('GET', `/people/names?ids=${many}`, await world.browserOf('owner'));
    await adminRefused(world, refused, 'api_value_invalid', { isRecorded: false });
  });
});
