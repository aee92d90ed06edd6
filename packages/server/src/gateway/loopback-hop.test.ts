import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { describe, test } from 'node:test';
import type { ResourceIndex } from '../policy/compile.ts';
import type { Upstream } from '../policy/model.ts';
import { http, serverOf, stdio } from './fixtures/world.ts';
import { refuseLoopbackHop } from './loopback-hop.ts';

const indexWith = (upstream: Upstream) =>
  ({
    servers: new Map([['notes', serverOf('notes', upstream, {})('https://mcp.example')]]),
  }) as unknown as ResourceIndex;
const hops = (...addresses: string[]) => {
  const list = new BlockList();
  for (const address of addresses) list.addAddress(address, address.includes(':') ? 'ipv6' : 'ipv4');
  return list;
};

describe('TLS-02, T36: an upstream on this machine cannot pass for a proxy that vouches for certificates', () => {
  const local = stdio('server');
  const table: [name: string, upstream: Upstream, header: string | undefined, trusted: BlockList, refused: boolean][] =
    [
      ['a stdio upstream, loopback trusted', local, 'client-cert', hops('127.0.0.1'), true],
      ['the same over IPv6', local, 'client-cert', hops('::1'), true],
      ['another address trusted', local, 'client-cert', hops('10.0.0.5'), false],
      ['no header', local, undefined, hops('127.0.0.1'), false],
      ['an upstream elsewhere', http('https://notes.example/mcp'), 'client-cert', hops('127.0.0.1'), false],
    ];
  for (const [name, upstream, header, trusted, refused] of table) {
    test(`${name}: ${refused ? 'refused' : 'taken'}`, () => {
      const check = () => refuseLoopbackHop(indexWith(upstream), header, trusted);
      if (refused) assert.throws(check, /servers\.notes runs on this machine: it could forge the header/);
      else check();
    });
  }
});
