import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { parseStrictObject } from '@credence/mcp/protocol';
import type { AccessServer, Ask } from '../policy/model.ts';
import { createDecisionPoint, narrow } from './decision-point.ts';

const server: AccessServer = {
  id: 'tracker',
  name: 'Tracker',
  resource: 'https://mcp.acme.example/tracker/mcp',
  ras: 'https://mcp.acme.example',
  scopes: new Map([
    ['read', 'low'],
    ['write', 'high'],
  ]),
  detailTypes: new Map([
    ['note', { scope: 'read', members: new Map() }],
    ['project', { scope: 'write', members: new Map() }],
  ]),
  defaultScopes: ['read'],
  isOff: false,
};
const ask: Ask = {
  person: { id: 'u_1', groups: ['engineering'], roles: ['lead'] },
  client: 'claude-code',
  server: 'tracker',
  scopes: ['read', 'write'],
  acr: 'urn:x',
  amr: ['pwd', 'otp'],
  authTime: 1_799_999_000,
  now: 1_800_000_000,
  address: '192.0.2.1',
};

type Answer = (request: { url: string; headers: Headers; body: unknown }) => Response | Promise<Response>;

function open(answer: Answer, { bearer, timeoutMs = 100 }: { bearer?: string; timeoutMs?: number } = {}) {
  const faults: unknown[] = [];
  const point = createDecisionPoint({
    url: 'https://pdp.acme.example/access/v1/evaluations',
    bearer,
    timeoutMs,
    fetch: async (url, init) =>
      answer({ url: String(url), headers: new Headers(init?.headers), body: parseStrictObject(String(init?.body)) }),
    onFault: (fault) => faults.push(fault instanceof Error ? fault.message : fault),
  });
  const letThrough = (scopes = ['read', 'write']) => point.letThrough({ ask, server, scopes, requestId: 'd_1' });
  return { faults, letThrough };
}

const deciding = (...decisions: unknown[]) =>
  Response.json({ evaluations: decisions.map((decision) => ({ decision })) });

describe('a decision point outside, in the shape of AuthZEN (Authorization API 1.0 §7)', () => {
  test('is told who asks through what for what, one action for each scope', async () => {
    let seen: Parameters<Answer>[0] | undefined;
    const { letThrough } = open(
      (request) => {
        seen = request;
        return deciding(true, false);
      },
      { bearer: 'its-token' },
    );
    assert.deepEqual(await letThrough(), ['read']);
    assert.equal(seen?.url, 'https://pdp.acme.example/access/v1/evaluations');
    assert.deepEqual(
      ['content-type', 'authorization', 'x-request-id'].map((name) => seen?.headers.get(name)),
      ['application/json', 'Bearer its-token', 'd_1'],
    );
    assert.deepEqual(seen?.body, {
      subject: {
        type: 'user',
        id: 'u_1',
        properties: {
          groups: ['engineering'],
          roles: ['lead'],
          acr: 'urn:x',
          amr: ['pwd', 'otp'],
          auth_time: 1_799_999_000,
        },
      },
      resource: {
        type: 'mcp_server',
        id: 'https://mcp.acme.example/tracker/mcp',
        properties: { name: 'tracker', authorization_server: 'https://mcp.acme.example' },
      },
      context: { time: '2027-01-15T08:00:00.000Z', client: 'claude-code', address: '192.0.2.1' },
      options: { evaluations_semantic: 'execute_all' },
      evaluations: [
        { action: { name: 'read', properties: { risk: 'low' } } },
        { action: { name: 'write', properties: { risk: 'high' } } },
      ],
    });
  });

  test('without a token none is sent', async () => {
    const { letThrough } = open(({ headers }) => deciding(!headers.has('authorization'), true));
    assert.deepEqual(await letThrough(), ['read', 'write']);
  });

  test('nothing of it, and all of it', async () => {
    assert.deepEqual(await open(() => deciding(false, false)).letThrough(), []);
    assert.deepEqual(await open(() => deciding(true)).letThrough(['write']), ['write']);
  });

  const bad: [name: string, answer: Answer, fault: RegExp][] = [
    ['one decision for two scopes', () => deciding(true), /one decision for each scope/],
    ['three for two', () => deciding(true, true, true), /one decision for each scope/],
    ['a word for a decision', () => deciding(true, 'true'), /one decision for each scope/],
    ['none', () => deciding(true, undefined), /one decision for each scope/],
    ['an error in place of a decision', () => Response.json({ evaluations: [true, { error: {} }] }), /one decision/],
    ['a single decision', () => Response.json({ decision: true }), /one decision for each scope/],
    ['a member named twice', () => new Response('{"evaluations":[],"evaluations":[]}'), /one decision for each scope/],
    ['no JSON', () => new Response('yes'), /one decision for each scope/],
    ['an error', () => new Response('', { status: 500 }), /answered 500/],
    ['a status that is not 200', () => Response.json({ evaluations: [] }, { status: 202 }), /answered 202/],
    ['no connection', () => Promise.reject(new Error('refused')), /refused/],
    ['nothing in time', () => wait(500, deciding(true, true), { ref: false }), /within 20 ms/],
  ];
  for (const [name, answer, fault] of bad) {
    test(`${name}: no, and the operator is told`, async () => {
      const { faults, letThrough } = open(answer, { timeoutMs: 20 });
      assert.equal(await letThrough(), undefined);
      assert.equal(faults.length, 1);
      assert.match(String(faults[0]), fault);
    });
  }

  test('types of details go with their scope', () => {
    const decision = {
      effect: 'allow',
      scopes: ['read', 'write'],
      because: ['r'],
      details: ['note', 'project'],
    } as const;
    assert.deepEqual(narrow(decision, ['read'], server), { ...decision, scopes: ['read'], details: ['note'] });
    const { details: _, ...plain } = decision;
    assert.deepEqual(narrow(plain, ['write'], server), { ...plain, scopes: ['write'] });
  });
});
