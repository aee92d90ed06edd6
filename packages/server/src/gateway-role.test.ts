import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AuditRecord } from './audit/record.ts';
import type { From } from './gateway/gateway.ts';
import { appendStranger, isOver } from './gateway-role.ts';
import { compileResource } from './policy/compile.ts';
import { parsePolicy } from './policy/parse.ts';
import type { Parts } from './roles.ts';
import { marksOf } from './stops/descent.ts';

describe('a token that the gateway takes no more, though nobody has revoked it (T10, T21)', () => {
  const [ras, idp] = ['https://mcp.acme.example', 'https://id.acme.example'];
  const entry = 'keys: discovery, accounts: create, clients: [app]';
  const known = `servers: { wiki: { scopes: { read: {} } } }\nclients: { app: {} }\ntrust: { "${idp}": { ${entry} } }\n`;

  function indexOf(text: string) {
    const parsed = parsePolicy(text, 'resource');
    assert.ok(parsed.ok, JSON.stringify(parsed));
    return compileResource(parsed.document, { version: 1, issuer: ras, localIdp: undefined });
  }

  /** A gateway in some place, where this document and this epoch are in force. */
  function isOverAt(
    place: 'ras' | 'database of all' | 'home' | 'stream',
    text: string,
    epoch = '',
    ofToken = epoch,
    next = text,
  ) {
    const trusted = indexOf(known).trust.get(idp)?.get(undefined);
    assert.ok(trusted);
    const { lineage } = marksOf(trusted, 'k1');
    const token = {
      resource: `${ras}/wiki/mcp`,
      clientId: 'app',
      scopes: ['read'],
      lineage,
      epoch: ofToken || undefined,
    };
    const config = {
      roles: new Set(place === 'ras' ? ['ras', 'gateway'] : ['gateway']),
      store: place === 'home' || place === 'ras' ? undefined : {},
      gatewayRevocations: place === 'stream' ? {} : undefined,
    };
    let index = indexOf(text);
    const inForce = {
      resource: () => index,
      epoch: () => ({ id: epoch, since: 0 }),
      upTo: async (losses: number) => {
        assert.equal(losses, 7);
        index = indexOf(next);
      },
    };
    return isOver(token, { config, inForce, store: { lossSequence: async () => 7 } } as unknown as Parts);
  }

  const untrusted = known.replace(/trust.*/, 'trust: {}');

  test('its issuer is trusted no longer, or for another server', async () => {
    assert.equal(await isOverAt('ras', known), false);
    assert.equal(await isOverAt('ras', untrusted), true);
    const limited = known.replace('{ wiki:', '{ docs: { scopes: { read: {} } }, wiki:');
    const of = (servers: string) => limited.replace('clients: [app]', `clients: [app], servers: { ${servers} }`);
    assert.equal(await isOverAt('ras', of('wiki: all')), false);
    assert.equal(await isOverAt('ras', of('docs: all')), true);
  });

  test('a version that was published a moment ago is read before the token is called over', async () => {
    assert.equal(await isOverAt('ras', untrusted, '', '', known), false);
    assert.equal(await isOverAt('ras', known, '', '', untrusted), false, 'what is in force says that it stands');
  });

  test('a gateway apart from the RAS need not know who is trusted there', async () => {
    for (const place of ['database of all', 'home', 'stream'] as const)
      assert.equal(await isOverAt(place, untrusted), false);
  });

  test('it is of another epoch, where that of the RAS is known', async () => {
    for (const place of ['ras', 'database of all'] as const) {
      assert.equal(await isOverAt(place, known, 'e2', 'e2'), false);
      for (const before of ['e1', '']) assert.equal(await isOverAt(place, known, 'e2', before), true);
    }
    assert.equal(await isOverAt('ras', known, '', 'e1'), true);
    assert.equal(await isOverAt('database of all', known, '', 'e1'), false, 'which this one has never had');
    for (const place of ['home', 'stream'] as const) assert.equal(await isOverAt(place, known, 'e2', 'e1'), false);
  });
});

describe('what a caller who is refused at the door of the gateway is told', () => {
  const from = {
    server: { id: 'tracker', resource: 'https://mcp.acme.example/tracker/mcp' },
    caller: { subject: 'a_alice', clientId: 'claude-code', id: 'jti-1' },
  } as From;
  const page = (reference: string) => `https://id.acme.example/refused/${reference}`;

  async function told(bulkId: string | undefined, who: From | undefined) {
    const [lines, asked]: [AuditRecord[], string[]] = [[], []];
    const ledger = { count: () => bulkId, flush: async () => undefined };
    const append = async (more: readonly AuditRecord[]) => void lines.push(...more);
    const pageOf = async (_reason: string, _caller: unknown, reference: string) => {
      asked.push(reference);
      return page(reference);
    };
    const answer = await appendStranger({ edge: { ledger, nowMs: () => 1 }, append }, pageOf, 'token_revoked', who);
    return { answer, lines, asked };
  }

  test('whose token was taken back: a line that says whose it was, and the page of that line', async () => {
    const { answer, lines, asked } = await told(undefined, from);
    const [line] = lines;
    assert.deepEqual([line?.person, line?.accessToken, line?.reason], ['a_alice', 'jti-1', 'token_revoked']);
    assert.deepEqual(answer, { reference: line?.id, page: page(line?.id ?? '') });
    assert.deepEqual(asked, [line?.id]);
  });

  test('T27: in a flood it is counted, nothing is read for it, and no link leads nowhere', async () => {
    assert.deepEqual(await told('d_bulk', from), { answer: 'd_bulk', lines: [], asked: [] });
  });

  test('anybody else has no page', async () => {
    const { answer, lines, asked } = await told(undefined, undefined);
    assert.deepEqual(answer, { reference: lines[0]?.id, page: undefined });
    assert.deepEqual(asked, []);
  });
});
