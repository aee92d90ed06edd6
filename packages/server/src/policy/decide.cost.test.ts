import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AccessDocument } from './access-document.ts';
import { compileAccess } from './compile.ts';
import { decide } from './decide.ts';
import type { Ask } from './model.ts';

/** Ten rules on each server, each for a group of its own; only the number of servers differs. */
function indexWith(serverCount: number) {
  const servers: Record<string, unknown> = {};
  const rules: unknown[] = [];
  for (let server = 0; server < serverCount; server++) {
    servers[`s${server}`] = { local: `s${server}`, scopes: { read: {}, write: {}, purge: { risk: 'high' } } };
    for (let rule = 0; rule < 8; rule++) {
      rules.push({ id: `a${server}-${rule}`, allow: ['read', 'write'], on: `s${server}`, to: [`group:g${rule * 5}`] });
    }
    rules.push({ id: `d${server}`, deny: all, on: `s${server}`, to: ['role:contractor'] });
    rules.push({ id: `r${server}`, require: { max_age: 3600 }, for: ['write'], on: `s${server}` });
  }
  const document = AccessDocument.parse({ servers, clients: { app: {} }, rules });
  return compileAccess(document, { version: 1, localRas: 'https://mcp.acme.example' });
}

const all = 'all';
const now = 1_790_000_000;
const groups = Array.from({ length: 20 }, (_, at) => `g${at}`);

/** Microseconds for one decision, the best of several rounds so that a busy neighbour does not count. */
function cost(serverCount: number): number {
  const index = indexWith(serverCount);
  const asks = Array.from(
    { length: 100 },
    (_, at): Ask => ({
      person: { id: 'u_alice', groups, roles: [] },
      client: 'app',
      server: `s${(at * 7) % serverCount}`,
      scopes: at % 2 === 0 ? ['read', 'write'] : undefined,
      acr: undefined,
      amr: ['pwd'],
      authTime: now - 100,
      now,
    }),
  );
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 30; round++) {
    const startedAt = performance.now();
    for (let turn = 0; turn < 20; turn++) for (const ask of asks) decide(index, ask);
    best = Math.min(best, ((performance.now() - startedAt) * 1000) / (20 * asks.length));
  }
  return best;
}

test('deciding among 10,000 rules costs about what deciding among 100 does', (context) => {
  cost(10); // warms up
  const [few, many] = [cost(10), cost(1000)];
  context.diagnostic(`${few.toFixed(2)} us at 100 rules, ${many.toFixed(2)} us at 10,000 rules on 1,000 servers`);
  assert.ok(many < few * 5 + 1, `${few} us became ${many} us`);
});
