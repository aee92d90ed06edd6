import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Count, createFailureLimit, createPace, type SharedCounts, toNetwork, toSite } from './limits.ts';

describe('T27: failures are limited by client and address together', () => {
  let now = 1000;
  const limit = createFailureLimit({ max: 3, windowSeconds: 60, now: () => now });

  test('the fourth try waits for the end of the window', () => {
    for (let n = 0; n < 3; n++) limit.add('c', '192.0.2.1');
    assert.equal(limit.waitSeconds('c', '192.0.2.1'), 60);
    now = 1059;
    assert.equal(limit.waitSeconds('c', '192.0.2.1'), 1);
    now = 1060;
    assert.equal(limit.waitSeconds('c', '192.0.2.1'), 0);
  });

  test('the same client elsewhere, and another client there, are not locked out', () => {
    for (let n = 0; n < 5; n++) limit.add('c', '192.0.2.1');
    assert.equal(limit.waitSeconds('c', '192.0.2.2'), 0);
    assert.equal(limit.waitSeconds('d', '192.0.2.1'), 0);
  });

  test('a clock that was set back by an hour keeps nobody out for an hour', () => {
    now += 3600;
    for (let n = 0; n < 3; n++) limit.add('set-back', '192.0.2.1');
    assert.equal(limit.waitSeconds('set-back', '192.0.2.1'), 60);
    now -= 3600;
    assert.equal(limit.waitSeconds('set-back', '192.0.2.1'), 0);
    limit.add('set-back', '192.0.2.1');
    assert.equal(limit.waitSeconds('set-back', '192.0.2.1'), 0, 'counted anew');
  });

  test('set back by as much as a window, it is held up as long as that and the rest of it', () => {
    const clock = { now: 10_000 };
    const back = createFailureLimit({ max: 1, windowSeconds: 60, now: () => clock.now });
    back.add('c', '192.0.2.1');
    clock.now -= 60;
    assert.equal(back.waitSeconds('c', '192.0.2.1'), 120);
    clock.now -= 1;
    assert.equal(back.waitSeconds('c', '192.0.2.1'), 0);
  });

  test('IDP-38: whoever has one IPv6 address does not begin anew with the one beside it', () => {
    for (const last of [1, 2, 3]) limit.add('c', `2001:db8::${last}`);
    assert.equal(limit.waitSeconds('c', '2001:db8:0:0:ffff::4'), 60);
    assert.equal(limit.waitSeconds('c', '2001:db8:0:1::1'), 0);
  });
});

describe('IDP-38: one person has a burst of sixty, refilled steadily', () => {
  let nowMs = 0;
  const pace = createPace({ burst: 60, perSecond: 2, nowMs: () => nowMs });
  const takenOf = (tries: number, key = 'u_1') =>
    Array.from({ length: tries }, () => pace.take(key)).filter(Boolean).length;

  test('sixty at once, not one more, and two a second after that', () => {
    assert.equal(takenOf(70), 60);
    nowMs += 1000;
    assert.equal(takenOf(10), 2);
    nowMs += 3_600_000;
    assert.equal(takenOf(70), 60);
  });

  test('a clock that is set back takes nothing away: whoever asked before asks on', () => {
    nowMs += 3_600_000;
    assert.equal(takenOf(50, 'u_3'), 50);
    nowMs -= 3_600_000;
    assert.equal(takenOf(20, 'u_3'), 10);
    nowMs += 1000;
    assert.equal(takenOf(10, 'u_3'), 2);
  });

  test('another person is not slowed', () => assert.equal(takenOf(60, 'u_2'), 60));
});

describe('T27: with several workers a limit is still one limit', () => {
  const told: Count[] = [];
  const heard = new Map<Count['name'], (key: string) => void>();
  const shared: SharedCounts = {
    tell: (count) => told.push(count),
    hear: (name, take) => heard.set(name, take),
  };

  test('a failure is told to the others, and theirs count here', () => {
    const limit = createFailureLimit({ max: 2, windowSeconds: 60, now: () => 1000, shared });
    limit.add('c', '192.0.2.1');
    const [count] = told.splice(0);
    assert.equal(count?.name, 'failure');
    heard.get('failure')?.(count.key);
    assert.equal(limit.waitSeconds('c', '192.0.2.1'), 60);
    assert.deepEqual(told, [], 'what was heard is not told again');
  });

  test('what is taken is told to the others, what is refused is not, and what they take is gone here', () => {
    const pace = createPace({ burst: 3, perSecond: 1, nowMs: () => 0, shared });
    assert.equal(pace.take('u_1'), true);
    assert.deepEqual(told.splice(0), [{ name: 'pace', key: 'u_1' }]);
    heard.get('pace')?.('u_1');
    assert.equal(pace.take('u_1'), true);
    told.splice(0);
    assert.equal(pace.take('u_1'), false);
    assert.deepEqual(told, []);
  });
});

describe('IDP-38: whoever has one IPv6 address has the /64 around it', () => {
  const table: [address: string, network: string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:DB8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::5:6', '2001:db8:0:0'],
    ['2001:db8::2:3:4:5:6', '2001:db8:0:2'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
    ['not an address', 'not an address'],
  ];
  for (const [address, network] of table) {
    test(`${address}: ${network}`, () => assert.equal(toNetwork(address), network));
  }
});

test('IDP-38: a site is the /48 of a network; what is no IPv6 network is one of its own', () => {
  for (const [network, site] of [
    ['2001:db8:1:2', '2001:db8:1'],
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
  ] as const) {
    assert.equal(toSite(network), site);
  }
});
