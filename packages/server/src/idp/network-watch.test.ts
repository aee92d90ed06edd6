import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createNetworkWatch } from './network-watch.ts';

describe('T04: where a sign-in is used from', () => {
  const table: [name: string, addresses: string[], told: boolean[]][] = [
    ['one address', ['192.0.2.1', '192.0.2.1'], [false, false]],
    ['another of the same network', ['192.0.2.1', '192.0.2.200'], [false, false]],
    [
      'another network, told once',
      ['192.0.2.1', '198.51.100.1', '192.0.2.1', '198.51.100.1'],
      [false, true, false, false],
    ],
    ['a third network', ['192.0.2.1', '198.51.100.1', '203.0.113.1'], [false, true, true]],
    ['IPv6, the same /64', ['2001:db8::1', '2001:db8::ffff'], [false, false]],
    ['IPv6, another /64', ['2001:db8::1', '2001:db8:0:1::1'], [false, true]],
  ];
  for (const [name, addresses, told] of table) {
    test(name, () => {
      const watch = createNetworkWatch();
      assert.deepEqual(
        addresses.map((address) => watch.isElsewhere('s', address)),
        told,
      );
    });
  }

  test('one sign-in says nothing about another', () => {
    const watch = createNetworkWatch();
    assert.equal(watch.isElsewhere('one', '192.0.2.1'), false);
    assert.equal(watch.isElsewhere('two', '198.51.100.1'), false);
  });

  test('what is used stays remembered, and the rest goes in time: memory is bounded', () => {
    const watch = createNetworkWatch();
    watch.isElsewhere('used', '192.0.2.1');
    watch.isElsewhere('left', '192.0.2.1');
    for (let n = 0; n < 19_999; n++) {
      if (n === 10_000) watch.isElsewhere('used', '192.0.2.1');
      watch.isElsewhere(`other ${n}`, '192.0.2.1');
    }
    assert.equal(watch.isElsewhere('used', '198.51.100.1'), true);
    assert.equal(watch.isElsewhere('left', '198.51.100.1'), false);
  });

  test('nine networks: the first is forgotten', () => {
    const watch = createNetworkWatch();
    for (let n = 0; n < 9; n++) watch.isElsewhere('s', `10.0.${n}.1`);
    assert.equal(watch.isElsewhere('s', '10.0.0.1'), true);
    assert.equal(watch.isElsewhere('s', '10.0.8.1'), false);
  });

  test('eight networks: each is told once, however often they change', () => {
    const watch = createNetworkWatch();
    const told = (places: number[]) => places.filter((n) => watch.isElsewhere('s', `10.0.${n}.1`)).length;
    const places = [0, 1, 2, 3, 4, 5, 6, 7];
    assert.deepEqual([told(places), told(places.toReversed()), told(places)], [7, 0, 0]);
  });
});
