import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Reach } from '../../policy/reach.ts';
import type { SignInSession } from '../../store/store.ts';
import { toAgents } from './agents.ts';

const session = (uid: string, ...clients: string[]): SignInSession => ({
  uid,
  personId: 'u',
  startedAt: 1,
  expiresAt: 2,
  acr: undefined,
  amr: [],
  clients: clients.map((client) => ({ client, sid: `sid of ${client}` })),
  upstream: undefined,
});
const use = (client: string, server: string, firstMs: number, lastMs: number) => ({ client, server, firstMs, lastMs });
const reach = (id: string, server: string, ...scopes: string[]) =>
  ({ client: { id, name: `Name of ${id}` }, server: { id: server, name: server }, scopes }) as unknown as Reach;
const clientOf = (id: string) => (id === 'url-of-cli' ? { id: 'cli', name: 'CLI' } : undefined);

describe('what acts for a person', () => {
  test('those at work come first, then those that acted last, then by name', () => {
    const agents = toAgents(
      [session('s1', 'old-worker', 'credence.me'), session('s2', 'new-worker', 'old-worker')],
      [use('old-worker', 's', 1, 10), use('new-worker', 's', 1, 20), use('idle', 's', 1, 90), use('later', 's', 1, 95)],
      [reach('b-never', 's', 'r'), reach('a-never', 's', 'r')],
      clientOf,
    );
    assert.deepEqual(
      agents.map(({ id, sessions }) => [id, sessions]),
      [
        ['new-worker', ['s2']],
        ['old-worker', ['s1', 's2']],
        ['later', []],
        ['idle', []],
        ['a-never', []],
        ['b-never', []],
      ],
    );
  });

  test('sessions, record and policy speak of one client, whatever it is called in requests', () => {
    const uses = [use('cli', 'wiki', 5, 7), use('cli', 'gone', 2, 9)];
    const reaches = [reach('cli', 'wiki', 'pages:read'), reach('cli', 'a-new', 'x'), reach('other', 'wiki', 'y')];
    const [cli] = toAgents([session('s', 'url-of-cli')], uses, reaches, clientOf);
    assert.deepEqual([cli?.id, cli?.name, cli?.firstMs, cli?.lastMs], ['cli', 'CLI', 2, 9]);
    assert.deepEqual(cli?.servers, [
      { id: 'gone', name: 'gone', scopes: [], lastMs: 9 },
      { id: 'wiki', name: 'wiki', scopes: ['pages:read'], lastMs: 7 },
      { id: 'a-new', name: 'a-new', scopes: ['x'], lastMs: undefined },
    ]);
  });

  test('of one that has never acted no time is said', () => {
    const [never] = toAgents([], [], [reach('cli', 'wiki', 'pages:read')], clientOf);
    assert.deepEqual([never?.name, never?.firstMs, never?.lastMs], ['Name of cli', undefined, undefined]);
  });

  test('servers that have not been reached are sorted by name', () => {
    const [agent] = toAgents([], [], [reach('c', 'b', 'x'), reach('c', 'a', 'x')], clientOf);
    assert.deepEqual(
      agent?.servers.map(({ id }) => id),
      ['a', 'b'],
    );
  });
});
