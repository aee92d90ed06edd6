import assert from 'node:assert/strict';
import { BlockList, isIP } from 'node:net';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isInNetwork, parseAddress, parseNetwork } from './network.ts';

function isIn(network: string, address: string): boolean | undefined {
  const [parsed, groups] = [parseNetwork(network), parseAddress(address)];
  return parsed && groups && isInNetwork(parsed, groups);
}

describe('networks', () => {
  const table: [network: string, address: string, isIn: boolean][] = [
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['10.0.0.0/8', '::10.1.2.3', false],
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.6', false],
    ['192.0.2.128/25', '192.0.2.127', false],
    ['192.0.2.128/25', '192.0.2.129', true],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::/0', '2001:db8::1', true],
    ['2001:db8::/32', '2001:DB8:ffff::1', true],
    ['2001:db8::/32', '2001:db9::', false],
    ['2001:db8::1', '2001:0db8:0:0:0:0:0:1', true],
    ['2001:db8::/127', '2001:db8::2', false],
  ];
  for (const [network, address, expected] of table) {
    test(`${address} ${expected ? 'is in' : 'is not in'} ${network}`, () =>
      assert.equal(isIn(network, address), expected));
  }

  for (const text of [
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0/8',
    '10.0.0.0/8/8',
    '010.0.0.1',
    '256.0.0.1',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7::8:9',
    '::1::',
    '1:2:3::4:5:6:7:8::9',
    'fe80::1%eth0',
    '::/129',
    '::1.2.3',
    '1.2.3.4::',
    ':::',
    '',
    ' ::1',
    'g::',
    '12345::',
  ]) {
    test(`'${text}' is none`, () => assert.equal(parseNetwork(text), undefined));
  }

  test('as Node has it, for any address', () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.stringMatching(/^[0-9a-f:.]{1,20}$/));
    const property = fc.property(address, fc.ipV6(), fc.integer({ min: 0, max: 128 }), (address, base, bits) => {
      assert.equal(parseAddress(address) !== undefined, isIP(address) !== 0 && !address.includes('%'));
      if (isIP(address) !== 6) return;
      const list = new BlockList();
      list.addSubnet(base, bits, 'ipv6');
      assert.equal(isIn(`${base}/${bits}`, address), list.check(address, 'ipv6'));
    });
    fc.assert(property, { numRuns: 2000 });
  });
});
