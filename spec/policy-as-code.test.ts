import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parsePolicy } from '../packages/server/src/policy/parse.ts';
import { adminRefused, allRoles } from './admin-world.ts';
import { accessText, openChangesWorld } from './changes-world.ts';

// What a document from elsewhere would change (issue "policy as code"): design.md §4.8, "Nobody widens access unseen".

const rule = '  - { id: data-writes, allow: all, on: tracker, to: [group:data], through: [claude-code] }\n';
const together = `never_together:
  - { id: apart, sides: { in: { tracker: [issues:read] }, out: { tracker: [issues:write] } } }
`;

/** As a program sends it: the text of a file, as JSON. */
function toJson(text: string): unknown {
  const parsed = parsePolicy(text, 'access');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return JSON.parse(JSON.stringify(parsed.document));
}

async function planned(
  text: string,
  { secondPerson = false, before = accessText, scopes = ['read:policy', 'read:reach'] } = {},
) {
  const world = await openChangesWorld({ secondPerson, text: before });
  const token = await world.tokenOf('policy', scopes);
  const last = secondPerson ? 'second_person: required\n' : '';
  const document = toJson(text + last);
  const { status, body } = await world.send('POST', '/policies/access/plan', { token, body: { document } });
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

const toText = (value: unknown) => JSON.stringify(value);

describe('a plan', () => {
  test('says who gains what, which entries change, and why it grants more', async () => {
    const { effects, entries, widens, ...rest } = await planned(accessText + rule);
    assert.deepEqual(
      effects.map(({ words }: { words: string }) => words),
      [
        '3 people in Data gain issues:write on Tracker through Claude Code.',
        '2 people in Data gain issues:read on Tracker through Claude Code. 1 more has it already.',
      ],
    );
    assert.deepEqual(entries, [{ section: 'rules', id: 'data-writes', change: 'new', keys: [] }]);
    assert.deepEqual(widens, ['rules on tracker grant more']);
    const { kind, from, isInForce, gain, lose, summary, needsSecondPerson } = rest;
    assert.deepEqual([kind, from, isInForce, gain, lose, needsSecondPerson], ['access', 1, false, 3, 0, false]);
    assert.equal(summary, '3 people gain, 0 lose.');
  });

  test('tells nothing of people to a token that may read the policy alone, or it could ask who is in which group', async () => {
    const asks = (who: string) =>
      `${accessText}  - { id: asks, allow: [issues:write], on: tracker, to: ['user:${who}'] }\n  - { id: out, deny: all, on: tracker, to: [group:data] }\n`;
    const told = async (who: string) => {
      const { digest: _, ...rest } = await planned(asks(who), { scopes: ['read:policy'] });
      return rest;
    };
    const [inside, outside] = [await told('u_d1'), await told('u_alice')];
    assert.deepEqual(inside, outside);
    assert.deepEqual([inside.gain, inside.lose, inside.effects], [null, null, []]);
    assert.deepEqual(inside.widens, ['rules on tracker grant more']);
    assert.equal(inside.entries.length, 2);
  });

  test('of what is in force says so, whatever stands in another order or is the default', async () => {
    const { isInForce, entries, effects } = await planned(
      accessText.replace('{ issues:read: {},', '{ issues:read: { risk: low },'),
    );
    assert.deepEqual([isInForce, entries, effects], [true, [], []]);
  });

  test('tells apart what is new, gone and another', async () => {
    const other = accessText.replace('allow: [issues:read]', 'allow: all').replace(/ {2}inspector: .*\n/, '');
    const { entries, gain } = await planned(other + rule);
    assert.deepEqual(
      new Set(entries.map(toText)),
      new Set(
        [
          { section: 'rules', id: 'eng-reads', change: 'changed', keys: ['allow'] },
          { section: 'rules', id: 'data-writes', change: 'new', keys: [] },
          { section: 'clients', id: 'inspector', change: 'gone', keys: [] },
        ].map(toText),
      ),
    );
    assert.ok(gain > 0);
  });

  test('says that a second person is needed, where one is asked for and it grants more', async () => {
    assert.equal((await planned(accessText + rule, { secondPerson: true })).needsSecondPerson, true);
    assert.equal(
      (await planned(accessText, { secondPerson: true, before: accessText + rule })).needsSecondPerson,
      false,
    );
  });

  test('T34: that something may come together again grants more; that it must not takes away', async () => {
    const before = accessText + together;
    const without = await planned(accessText, { secondPerson: true, before });
    assert.deepEqual([without.needsSecondPerson, without.widens], [true, ['rules on tracker grant more']]);
    const more = await planned(before, { secondPerson: true });
    assert.deepEqual([more.needsSecondPerson, more.widens], [false, []]);
    assert.deepEqual(more.entries, [{ section: 'never_together', id: 'apart', change: 'new', keys: [] }]);
  });

  test('changes nothing', async () => {
    const world = await openChangesWorld();
    const before = await world.store.changeSequence();
    const token = await world.tokenOf('policy', ['read:policy']);
    const body = { document: toJson(accessText + rule) };
    await world.send('POST', '/policies/access/plan', { token, body });
    assert.equal((await world.store.policies.latest('access'))?.version, 1);
    assert.deepEqual(await world.store.drafts.list(), []);
    assert.equal(await world.store.changeSequence(), before);
  });

  test('of a document with mistakes names each of them', async () => {
    const world = await openChangesWorld();
    const token = await world.tokenOf('policy');
    const [whom, where] = [
      { id: 'x', on: 'x', to: ['nobody'] },
      { id: 'y', on: 'nowhere', to: ['everyone'] },
    ];
    const document = { rules: [whom, where].map((each) => ({ ...each, allow: 'all' })) };
    const answer = await world.send('POST', '/policies/access/plan', { token, body: { document } });
    await adminRefused(world, answer, 'draft_mistaken');
    assert.deepEqual(answer.body.errors.map(({ at }: { at: string }) => at).sort(), ['rules.0.to.0', 'rules.1.on']);
  });

  test('is for whoever may read policy, and for a token that may do nothing else', async () => {
    const world = await openChangesWorld();
    const body = { document: toJson(accessText) };
    for (const role of allRoles) {
      const answer = await world.send('POST', '/policies/access/plan', { token: await world.tokenOf(role), body });
      if (['owner', 'policy', 'auditor'].includes(role)) assert.equal(answer.status, 200, role);
      else await adminRefused(world, answer, 'admin_scope_lacks');
    }
    const token = await world.tokenOf('policy', ['read:policy']);
    const draft = await world.send('POST', '/drafts', { token, body: { kind: 'access', name: 'x', ...body } });
    await adminRefused(world, draft, 'admin_scope_lacks');
    const stranger = await world.send('POST', '/policies/access/plan', { body });
    assert.equal(stranger.status, 401);
  });
});
