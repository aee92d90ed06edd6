import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { grantType, type Refusal } from '@credence/mcp/protocol';
import { readRecord } from '../packages/server/src/audit/personal.ts';
import { checkRecord } from '../packages/server/src/audit/record-schema.ts';
import { type Fields, idpIssuer, openWorld, rasIssuer, refused, type World } from './world.ts';

const form = { 'content-type': 'application/x-www-form-urlencoded' };
const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });

for (const [side, issuer, ours] of [
  ['idp', idpIssuer, grantType.tokenExchange],
  ['ras', rasIssuer, grantType.jwtBearer],
] as const) {
  const request = (init: RequestInit & { duplex?: 'half' }, query = '') => new Request(`${issuer}/token${query}`, init);

  describe(`HTP-01 at the ${side}: "POST, application/x-www-form-urlencoded; others 405 / 415; size limit 413"`, () => {
    const manyParameters = Array.from({ length: 10_000 }, (_, n) => `${n}`).join('&');
    const table: [name: string, init: () => RequestInit & { duplex?: 'half' }, reason: Refusal][] = [
      ['B01 GET', () => ({ method: 'GET' }), 'wrong_method'],
      ['B01 DELETE', () => ({ method: 'DELETE' }), 'wrong_method'],
      ['B01 PUT of a form', () => ({ method: 'PUT', headers: form, body: 'a=b' }), 'wrong_method'],
      [
        'B01 JSON',
        () => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }),
        'wrong_content_type',
      ],
      ['B01 text/plain', () => ({ method: 'POST', body: 'a=b' }), 'wrong_content_type'],
      ['B02 over 64 KiB', () => ({ method: 'POST', headers: form, body: `a=${'x'.repeat(65_536)}` }), 'body_too_large'],
      [
        'B02 over 64 KiB in pieces, the length not told',
        () => ({ method: 'POST', headers: form, body: endless(80_000), duplex: 'half' }),
        'body_too_large',
      ],
      ['B02 10 000 parameters', () => ({ method: 'POST', headers: form, body: manyParameters }), 'malformed_form'],
    ];
    for (const [name, init, reason] of table) {
      test(`${name}: ${reason}`, async () => {
        const world = await openWorld();
        const answer = await world.send(side, request(init()));
        await refused(world, answer, reason);
        if (answer.status === 405) assert.equal(answer.headers.get('allow'), 'POST');
      });
    }

    test('a content type may have parameters', async () => {
      const world = await openWorld();
      const headers = { 'content-type': 'Application/X-WWW-Form-Urlencoded; charset=UTF-8' };
      const answer = await world.send(side, request({ method: 'POST', headers, body: `grant_type=${ours}` }));
      await refused(world, answer, 'client_not_authenticated');
    });

    test('no page of another origin may read an answer: there are no CORS headers', async () => {
      const world = await openWorld();
      const headers = { ...form, origin: 'https://evil.example', 'access-control-request-method': 'POST' };
      for (const init of [
        { method: 'OPTIONS', headers },
        { method: 'POST', headers, body: `grant_type=${ours}` },
      ]) {
        const answer = await world.send(side, request(init));
        assert.deepEqual(
          [...answer.headers.keys()].filter((name) => name.startsWith('access-control')),
          [],
        );
      }
    });

    test('TLS-03: parameters in the URL are not read', async () => {
      const world = await openWorld();
      const good = side === 'idp' ? await world.exchangeRequest() : await world.redeemRequest();
      const query = `?${await good.text()}`;
      const body = `grant_type=${ours}`;
      const answer = await world.send(side, request({ method: 'POST', headers: form, body }, query));
      await refused(world, answer, 'client_not_authenticated');
      assert.ok(!('access_token' in answer.body));
    });
  });
}

describe('HTP-02, HTP-03: one way to say who the client is, and how Basic is read', () => {
  const table: [name: string, header: string, fields: Fields, outcome: Refusal | 'granted'][] = [
    ['Basic alone', 'cc-at-ras:cc-at-ras-secret', {}, 'granted'],
    ['form-encoded after the split', 'cc%2Dat%2Dras:cc-at-ras%2Dsecret', {}, 'granted'],
    ['split at the first colon only', 'cc-at-ras:cc:at', {}, 'client_secret_wrong'],
    [
      'B05 the ids of header and body differ',
      'cc-at-ras:cc-at-ras-secret',
      { client_id: 'keyed' },
      'client_ids_differ',
    ],
    ['B05 a secret in both', 'cc-at-ras:cc-at-ras-secret', { client_secret: 'cc-at-ras-secret' }, 'two_client_methods'],
    ['B05 Basic and an assertion', 'cc-at-ras:cc-at-ras-secret', { client_assertion: 'a.b.c' }, 'two_client_methods'],
    ['no secret', 'cc-at-ras:', {}, 'client_not_authenticated'],
    ['no id', ':cc-at-ras-secret', {}, 'client_not_authenticated'],
    ['a broken escape', 'cc%zzat:secret', {}, 'client_not_authenticated'],
  ];
  for (const [name, header, fields, outcome] of table) {
    test(`${name}: ${outcome}`, async () => {
      const world = await openWorld();
      const answer = await world.redeem({ client_id: undefined, client_secret: undefined, ...fields }, basic(header));
      if (outcome === 'granted') assert.equal(answer.status, 200);
      else await refused(world, answer, outcome);
    });
  }

  test('B05: the ids of header and body differ at the IdP too', async () => {
    const world = await openWorld();
    const answer = await world.exchange(
      { client_id: 'vscode', client_secret: undefined },
      basic('claude-code:claude-code-secret'),
    );
    await refused(world, answer, 'client_ids_differ');
  });

  test('B06: a wrong secret and an unknown client are answered alike', async () => {
    const world = await openWorld();
    const bodies = [];
    for (const fields of [{ client_secret: 'wrong' }, { client_id: 'nobody' }]) {
      const { status, body } = await world.exchange(fields);
      bodies.push({ status, ...body, error_description: String(body.error_description).replace(/d_\S+/, '') });
    }
    assert.deepEqual(bodies[0], bodies[1]);
  });
});

describe('TLS-03: "Tokens and assertions never in URLs; Referrer-Policy: no-referrer, no-store"', () => {
  test('the page at the authorization endpoint', async () => {
    const world = await openWorld();
    const { headers } = await world.raw('ras', new Request(`${rasIssuer}/authorize?client_id=x`));
    assert.deepEqual([headers.get('referrer-policy'), headers.get('cache-control')], ['no-referrer', 'no-store']);
  });

  test('answers of both legs, of introspection and revocation, also those that refuse or fail, are not kept and name nobody', async () => {
    const world = await openWorld();
    const client = { client_id: 'cc-at-ras', client_secret: 'cc-at-ras-secret', token: 'x' };
    const broken = await openWorld();
    const request = await broken.exchangeRequest();
    await broken.store.close();
    for (const [status, { headers, status: answered }] of [
      [200, await world.exchange()],
      [400, await world.exchange({ audience: 'https://nowhere.example' })],
      [200, await world.redeem()],
      [200, await world.ask('introspect', client)],
      [200, await world.ask('revoke', client)],
      [503, await broken.raw('idp', request)],
    ] as const) {
      assert.equal(answered, status);
      assert.deepEqual(
        ['cache-control', 'pragma', 'referrer-policy'].map((name) => headers.get(name)),
        ['no-store', 'no-cache', 'no-referrer'],
      );
    }
  });
});

/** A body that does not say how long it is. */
function endless(bytes: number): ReadableStream<Uint8Array> {
  let left = bytes;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode('a'.repeat(1000)));
      left -= 1000;
      if (left <= 0) controller.close();
    },
  });
}

describe('what is written of refusals', () => {
  const linesOf = async (world: World) =>
    (await world.store.audit.read(0, 100)).filter(({ kind }) => kind === 'refusal').length;

  test('a flood of strangers is counted, not written line by line', async () => {
    const world = await openWorld(undefined, { linesPerSecond: 2 });
    for (let n = 0; n < 10; n++) assert.equal((await world.exchange({ client_id: 'nobody' })).status, 401);
    assert.equal(await linesOf(world), 2);
  });

  test('of a client that proved itself each one has a line', async () => {
    const world = await openWorld(undefined, { linesPerSecond: 2 });
    for (let n = 0; n < 5; n++)
      assert.equal((await world.exchange({ audience: 'https://nowhere.example' })).status, 400);
    assert.equal(await linesOf(world), 5);
  });

  test('T27: of one that does not stop no more than a pace allows, and what comes beyond is one line with its name', async () => {
    const world = await openWorld(undefined, { linesPerSecond: 0, provenLines: { burst: 3, perSecond: 1 } });
    const references = new Set<string>();
    for (let n = 0; n < 20; n++) {
      const { status, body } = await world.redeem({ assertion: 'no ID-JAG' });
      assert.equal(status, 400);
      references.add(/Reference: (d_[\w-]+)$/.exec(String(body.error_description))?.[1] ?? '');
    }
    assert.equal(await linesOf(world), 3);
    await world.edge.ledger.flush();
    const [row] = await world.store.audit.last(1);
    const record = readRecord(row ?? { body: '{}' });
    assert.equal(checkRecord(record), undefined);
    assert.deepEqual([record.domain, record.client, references.size], ['ras', 'cc-at-ras', 4]);
    assert.match(String(record.detail), /counted in bulk: id_jag_malformed: 17$/);
    assert.ok(references.has(record.id), 'what a caller was told leads to it');
    assert.equal((await world.redeem()).status, 200, 'nobody is kept out');
  });

  test('RAS-12, T27: nor has an ID-JAG that is shown again and again', async () => {
    const world = await openWorld(undefined, { provenLines: { burst: 2, perSecond: 0 } });
    const assertion = await world.idJag();
    const asked = [];
    for (let n = 0; n < 6; n++) asked.push((await world.redeem({ assertion })).status);
    assert.deepEqual([asked, await linesOf(world)], [[200, 400, 400, 400, 400, 400], 2]);
    await world.edge.ledger.flush();
    const [row] = await world.store.audit.last(1);
    assert.match(row?.body ?? '', /counted in bulk: id_jag_replayed: 3"/);
  });

  test('B08, T27: whoever shows a used client assertion again and again is held up, as with a wrong secret', async () => {
    const world = await openWorld(undefined, { linesPerSecond: 4 });
    const fields = { ...(await world.clientAssertion(rasIssuer)), token: 'x' };
    const ask = async () => (await world.ask('introspect', fields)).status;
    assert.equal(await ask(), 200);
    for (let n = 0; n < 10; n++) assert.equal(await ask(), 401);
    assert.deepEqual([await ask(), await linesOf(world)], [429, 4]);
  });

  test('RAS-03, T27: an assertion is used up also when its refusal is only counted', async () => {
    const world = await openWorld(undefined, { provenLines: { burst: 1, perSecond: 0 } });
    const once = await world.clientAssertion(rasIssuer);
    const asKeyed = async (more: Fields) => (await world.redeem({ assertion: 'no ID-JAG', ...more })).body;
    await asKeyed(await world.clientAssertion(rasIssuer));
    await asKeyed(once);
    assert.equal(await linesOf(world), 1);
    const assertion = await world.idJag({ client_id: 'keyed' });
    assert.equal((await world.redeem({ assertion, ...once })).status, 401);
    assert.equal((await world.redeem({ assertion, ...(await world.clientAssertion(rasIssuer)) })).status, 200);
  });

  test('T27: a public client that proves a key has proven nothing of who it is: it is a stranger', async () => {
    const world = await openWorld(undefined, { linesPerSecond: 2 });
    const asKiosk = { client_id: 'kiosk', client_secret: undefined, subject_token: 'no ID Token' };
    for (let n = 0; n < 10; n++) {
      assert.equal((await world.exchange(asKiosk, { dpop: await world.proof('idp') })).status, 400);
    }
    assert.equal(await linesOf(world), 2);
  });
});
