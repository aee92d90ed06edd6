import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { claimsOf, suiteScope } from './harness.ts';
import { connect, type Kind, local, measure, openPlace, type Place } from './off-place.ts';

// The stop button: a tool is called in a loop, with the same access token, while each kind of stop arrives.

const kidOf = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString()).kid as string;
const stopped = ['--reason', 'a drill', '--yes'];

interface Stop extends Kind {
  /** Where it was ordered, and is resumed; absent = it does not come back. */
  readonly comesBack?: (place: Place) => Place['credence'];
}

const kinds: readonly Stop[] = [
  {
    name: 'person',
    prepare: local('paula', 'crew'),
    act: ({ credence }, { email }) => credence('stop', 'person', email, ...stopped),
    comesBack: ({ credence }) => credence,
  },
  {
    name: 'client',
    prepare: local('carl', 'crew'),
    act: ({ credence }) => credence('stop', 'client', 'claude-code', ...stopped),
    comesBack: ({ credence }) => credence,
  },
  {
    name: 'server',
    prepare: local('sean', 'crew'),
    act: ({ credence }) => credence('stop', 'server', 'tools', ...stopped),
    comesBack: ({ credence }) => credence,
  },
  {
    name: 'rule',
    prepare: local('ruth', 'crew'),
    act: ({ credence }) => credence('stop', 'rule', 'one', ...stopped),
    comesBack: ({ credence }) => credence,
  },
  {
    name: 'session',
    prepare: local('sonia', 'crew'),
    act: async ({ credence }, { email }) => {
      const [line = ''] = (await credence('session', 'list', '--person', email)).split('\n');
      await credence('stop', 'session', line.split(' ')[0] ?? '', ...stopped);
    },
  },
  {
    name: 'token',
    prepare: local('theo', 'crew'),
    act: ({ credenceAtRas }, _, { token }) => credenceAtRas('stop', 'token', String(claimsOf(token).jti), ...stopped),
    left: { redeem: true, exchange: true },
  },
  {
    name: 'issuer',
    prepare: local('ivan', 'crew'),
    act: ({ credenceAtRas, demo }) => credenceAtRas('stop', 'issuer', demo.idp.issuer, ...stopped),
    left: { exchange: true },
    comesBack: ({ credenceAtRas }) => credenceAtRas,
  },
  {
    name: 'key',
    prepare: local('karl', 'crew'),
    act: ({ credenceAtRas, demo }, _, { spare }) =>
      credenceAtRas('stop', 'key', kidOf(spare), '--issuer', demo.idp.issuer, ...stopped),
    left: { exchange: true },
    comesBack: ({ credenceAtRas }) => credenceAtRas,
  },
  {
    name: 'everything',
    prepare: local('ella', 'crew'),
    act: ({ credence }) => credence('stop', 'everything', ...stopped),
    comesBack: ({ credence }) => credence,
  },
];

for (const shape of ['in one process', 'in two installations'] as const) {
  describe(`SIG-02: the stop button, ${shape}`, () => {
    const scope = suiteScope(after);
    let place: Place;
    before(async () => {
      place = await openPlace(scope, shape);
    });
    for (const kind of kinds) {
      test(`stop ${kind.name}`, async (t) => {
        await measure(t, place, { ...kind, byCommand: true });
        const credence = kind.comesBack?.(place);
        if (!credence) return;
        const [line = ''] = (await credence('stops')).split('\n');
        const [id = ''] = line.split(' ');
        assert.match(line, /^st_\S+ .* a drill$/);
        await credence('resume', id, '--reason', 'it was a drill');
        // What is told arrives a moment later, and counts for what was issued until two seconds after the order.
        await wait(3500);
        const { prepare } = kind.name === 'person' ? { prepare: local('paula', 'crew') } : kind;
        const again = await prepare(place);
        assert.equal(await (await connect(place, again.idToken)).call(2), 200, 'whoever was stopped begins anew');
      });
    }

    test('ends by itself', async () => {
      const person = await local('emil', 'crew')(place);
      const until = new Date(Date.now() + 3000).toISOString().replace(/\.\d+Z/, 'Z');
      await place.credence('stop', 'client', 'claude-code', '--until', until, ...stopped);
      const connection = connect(place, person.idToken);
      await assert.rejects(connection);
      await wait(Date.parse(until) - Date.now() + 3500);
      const again = await local('emil', 'crew')(place);
      assert.equal(await (await connect(place, again.idToken)).call(2), 200);
    });
  });
}
