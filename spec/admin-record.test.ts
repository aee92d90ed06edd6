import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { verifyProof } from '../packages/server/src/audit/proof.ts';
import { toRow } from '../packages/server/src/audit/record.ts';
import { createSealer } from '../packages/server/src/audit/sealer.ts';
import { createVerification } from '../packages/server/src/audit/verification.ts';
import { verifySignature } from '../packages/server/src/keys/verify-signature.ts';
import { adminRefused, adminUrl, openAdminWorld } from './admin-world.ts';
import { auditKey, toKeys } from './sealed-record.ts';

// LOG-04, T23: what whoever administers can see of the record's seals, and take away to verify. Nobody has to believe the API.

const keys = [auditKey.publicJwk];

async function openSealed(record: Partial<Parameters<typeof openAdminWorld>[0] & { witnesses: string[] }> = {}) {
  const { witnesses = [], ...options } = record;
  const world = await openAdminWorld({
    record: { keys: async () => keys, witnesses, exports: [], keptDays: 400 },
    ...options,
  });
  const { store, clock } = world;
  const sealSome = createSealer({
    seals: store.seals,
    keys: toKeys(auditKey),
    verifySignature,
    nowMs: () => clock.ms,
    refreshKeys: async () => undefined,
    isAccepted: async () => false,
    prunedTo: async () => (await store.retention.last())?.position ?? 0,
  });
  /** A line of the record, made as any change of an administrator is. */
  const write = async (times = 1) => {
    for (let at = 0; at < times; at += 1) {
      const owner = await world.browserOf('owner');
      const made = await world.send('POST', '/tokens', {
        ...owner,
        body: { name: `t${at}`, scopes: ['read:audit'], days: 1 },
      });
      assert.equal(made.status, 201);
      await world.send('DELETE', `/tokens/${made.body.id}`, owner);
    }
  };
  const seal = async () => {
    while ((await sealSome()) > 0);
  };
  const auditor = await world.browserOf('auditor');
  const get = (path: string) => world.send('GET', path, auditor);
  const lines = async (query = '') => {
    const response = await world.app.fetch(new Request(`${adminUrl}/api/v1/record/lines${query}`, auditor));
    const text = await response.text();
    return { response, lines: text.split('\n').filter((line) => line !== '') };
  };
  return { world, write, seal, get, lines };
}

async function verify(lines: readonly string[], behind = 0) {
  const verification = createVerification({ keys, verifySignature, behind });
  for (const line of lines) {
    const fault = await verification.take(line);
    if (fault) return fault;
  }
  return verification.end();
}

describe('the record, as its seals have it', () => {
  test('nothing written, nothing sealed: all of it is told all the same', async () => {
    const { get } = await openSealed();
    const { status, body } = await get('/record');
    assert.equal(status, 200);
    assert.deepEqual(
      [body.first, body.last, body.checkpoint, body.unsealed, body.pruned, body.keptDays],
      [0, 0, null, 0, null, 400],
    );
    assert.deepEqual((await get('/checkpoints')).body, { items: [], next: null });
  });

  test('how much is sealed, since when the rest waits, by which key, and by which chains it was written', async () => {
    const { get, write, seal, world } = await openSealed();
    await write(2);
    await seal();
    const sealedMs = world.clock.ms;
    world.clock.ms += 5000;
    await write(1);
    const { body } = await get('/record');
    assert.deepEqual([body.first, body.last, body.unsealed, body.unsealedSinceMs], [1, 6, 2, sealedMs + 5000]);
    const { number, size, lines, kid, algorithm, timeMs, witnessed } = body.checkpoint;
    assert.deepEqual(
      [number, size, lines, kid, algorithm, timeMs, witnessed],
      [1, 4, 4, auditKey.kid, 'ES256', sealedMs, false],
    );
    assert.deepEqual(body.keys, JSON.parse(JSON.stringify(keys)));
    assert.deepEqual([body.chains.count, body.chains.longest[0].lines], [1, 6]);
    assert.deepEqual([body.witnesses, body.unwitnessedSinceMs], [[], sealedMs]);
  });

  test('who outside knows of it, and no secret of their address', async () => {
    const { get, write, seal, world } = await openSealed({
      witnesses: ['file /mnt/w', 'url https://w.example/a?key=s3cret'],
    });
    await write();
    await seal();
    await world.store.seals.noteWitness('file /mnt/w', { number: 1, timeMs: 7 });
    const { body } = await get('/record');
    assert.deepEqual(body.witnesses, [
      { kind: 'file', at: '/mnt/w', number: 1, timeMs: 7 },
      { kind: 'url', at: 'https://w.example/a', number: null, timeMs: null },
    ]);
    assert.equal(body.unwitnessedSinceMs, world.clock.ms, 'one of them lags');
    await world.store.seals.noteWitness('url https://w.example/a?key=s3cret', { number: 1, timeMs: 8 });
    assert.equal((await get('/record')).body.unwitnessedSinceMs, null);
    assert.equal((await get('/checkpoints')).body.items[0].witnessed, true);
  });

  test('checkpoints, the newest first, page by page, each with what it adds', async () => {
    const { get, write, seal } = await openSealed();
    for (let times = 1; times <= 5; times += 1) {
      await write(times);
      await seal();
    }
    const pages: [number, number][][] = [];
    for (let path = '/checkpoints?limit=2'; ; ) {
      const { body } = await get(path);
      pages.push(body.items.map(({ number, lines }: { number: number; lines: number }) => [number, lines]));
      if (body.next === null) break;
      path = `/checkpoints?limit=2&cursor=${body.next}`;
    }
    assert.deepEqual(pages, [
      [
        [5, 10],
        [4, 8],
      ],
      [
        [3, 6],
        [2, 4],
      ],
      [[1, 2]],
    ]);
    for (const cursor of ['x', '%', Buffer.from('-3').toString('base64url')]) {
      assert.equal((await get(`/checkpoints?cursor=${encodeURIComponent(cursor)}`)).status, 200);
    }
    const first = (await get('/checkpoints')).body;
    for (const cursor of ['1.5', '1e0', '0x1']) {
      const given = await get(`/checkpoints?cursor=${Buffer.from(cursor).toString('base64url')}`);
      assert.deepEqual(given.body, first, 'what is no number of a checkpoint is no cursor');
    }
  });
});

describe('the record, exported to be verified', () => {
  test('whole: what credence audit verify reads, and that it was asked for is on it', async () => {
    const { lines, write, seal, world } = await openSealed();
    await write(3);
    await seal();
    const { response, lines: all } = await lines();
    assert.equal(response.headers.get('content-type'), 'application/jsonl');
    assert.equal(response.headers.get('cache-control'), 'no-store');
    const found = await verify(all);
    assert.ok(!('fault' in found), JSON.stringify(found));
    assert.deepEqual([found.lines, found.sealed, found.unsealed, found.checkpoints], [7, 6, 1, 1]);
    const told = await world.last();
    assert.deepEqual([told.kind, told.by, told.detail], ['admin', 'u_auditor', 'record exported']);
    assert.ok(all.at(-1)?.includes(told.id), 'written before the first line leaves');
  });

  test('a part: with what stands for the lines before, to the checkpoint that covers the end', async () => {
    const { lines, write, seal } = await openSealed();
    for (let round = 0; round < 4; round += 1) {
      await write(2);
      await seal();
    }
    const part = (await lines('?behind=5&to=9')).lines;
    const found = await verify(part, 5);
    assert.ok(!('fault' in found), JSON.stringify(found));
    assert.deepEqual([found.startedAt, found.lines, found.checkpoints, found.unsealed], [5, 7, 2, 0]);
    const said = await verify(part);
    assert.equal('fault' in said && said.fault, 'cut_off_in_front', 'as a whole it is cut off');
    const bent = part.with(2, (part[2] ?? '').replace('"admin"', '"system"'));
    const wrong = await verify(bent, 5);
    assert.equal('fault' in wrong && wrong.fault, 'altered');
    const otherStart = JSON.parse(part[0] ?? '{}');
    otherStart.start.peaks.reverse();
    const elsewhere = await verify([JSON.stringify(otherStart), ...part.slice(1)], 5);
    assert.equal('fault' in elsewhere && elsewhere.fault, 'not_what_was_sealed');
  });

  test('behind everything: the last line that is sealed, with its checkpoint', async () => {
    const { lines, write, seal } = await openSealed();
    await write(2);
    await seal();
    const part = (await lines('?behind=900')).lines;
    const found = await verify(part, 900);
    assert.ok(!('fault' in found), JSON.stringify(found));
    assert.deepEqual([found.startedAt, found.sealed], [3, 4]);
  });

  test('ends with the right to it, and does not look whole', async () => {
    const { write, seal, world } = await openSealed();
    await write(60);
    await seal();
    const auditor = await world.browserOf('auditor');
    const response = await world.app.fetch(new Request(`${adminUrl}/api/v1/record/lines`, auditor));
    const reader = response.body?.getReader();
    await reader?.read();
    await world.store.administrators.revoke(world.personOf('auditor').id, []);
    world.clock.ms += 3000;
    const rest = async () => {
      while (!(await reader?.read())?.done);
    };
    await assert.rejects(rest(), /cut short/);
  });

  test('five at a time for each person, as other streams', async () => {
    const { world, write } = await openSealed();
    await write();
    const auditor = await world.browserOf('auditor');
    const open = () => world.app.fetch(new Request(`${adminUrl}/api/v1/record/lines`, auditor));
    const opened = [];
    for (let times = 0; times < 5; times += 1) opened.push(await open());
    assert.equal((await open()).status, 429);
    await opened[0]?.body?.cancel();
    assert.equal((await open()).status, 200);
  });

  test('is for those who may read the record', async () => {
    const { world, write } = await openSealed();
    await write();
    for (const path of ['/record', '/checkpoints', '/record/lines', '/records/d_1/proof', '/exports']) {
      for (const role of ['people', 'help-desk'] as const) {
        await adminRefused(world, await world.send('GET', path, await world.browserOf(role)), 'admin_role_lacks');
      }
      const token = await world.tokenOf('owner', ['read:people']);
      await adminRefused(world, await world.send('GET', path, { token }), 'admin_scope_lacks');
      await adminRefused(world, await world.send('GET', path), 'admin_not_signed_in', { known: false });
    }
  });
});

describe('one record, proven', () => {
  test('by a path to a checkpoint, once it is sealed', async () => {
    const { get, write, seal, world } = await openSealed();
    await write(3);
    const { id } = await world.last();
    assert.deepEqual((await get(`/records/${id}/proof`)).body, { proof: null, altered: null });
    await seal();
    const { proof } = (await get(`/records/${id}/proof`)).body;
    const proven = await verifyProof(proof, keys, verifySignature);
    assert.ok(typeof proven !== 'string', String(proven));
    assert.deepEqual([proven.line.record.id, proven.checkpoint, proven.size], [id, 1, 6]);
  });

  test('also where somebody wrote into it what cannot be seen: the text of the proof is visible, and proves it', async () => {
    const { get, seal, world } = await openSealed();
    const line = { v: 2, id: 'd_odd', kind: 'refusal', domain: 'idp', timeMs: 1, outcome: 'refused' } as const;
    await world.store.commit({ marks: [], records: [toRow({ ...line, client: 'a\u202eb\u2028c' })] });
    await seal();
    const { proof } = (await get('/records/d_odd/proof')).body;
    assert.doesNotMatch(proof, /[\u202e\u2028]/);
    const proven = await verifyProof(proof, keys, verifySignature);
    assert.ok(typeof proven !== 'string', String(proven));
    assert.equal(proven.line.record.client, 'a\u202eb\u2028c');
  });

  test('not where the store is no longer what was sealed: that is said, and is no fault of ours', async () => {
    const { get, write, seal, world } = await openSealed();
    await write(3);
    await seal();
    const { id } = await world.last();
    const { hashes } = world.store.seals;
    Object.assign(world.store.seals, { hashes: async () => [] });
    const { status, body } = await get(`/records/${id}/proof`);
    assert.deepEqual([status, body.proof, /is missing$/.test(body.altered)], [200, null, true]);
    Object.assign(world.store.seals, { hashes: () => Promise.reject(new Error('the disk')) });
    assert.equal((await get(`/records/${id}/proof`)).status, 500);
    Object.assign(world.store.seals, { hashes });
  });

  test('no such record: 404', async () => {
    const { get, world } = await openSealed();
    await adminRefused(world, await get('/records/d_nothing/proof'), 'api_not_found', { isRecorded: false });
  });
});

describe('exports of the record', () => {
  test('where each goes, without secrets, how far it has come and what keeps it', async () => {
    const exports = [
      {
        name: 'siem',
        kind: 'webhook',
        format: 'ocsf',
        url: 'https://siem.example/hook/s3cret?t=s3cret',
        secretFile: '/s3cret',
        tries: 10,
      },
      { name: 'soc', kind: 'syslog', format: 'cef', address: 'logs.example:6514', records: ['alert'] },
      { name: 'archive', kind: 'file', format: 'jsonl', path: '/var/log/record.jsonl', maxBytes: 1_048_576, keep: 1 },
    ] as const;
    const { get, write, world } = await openSealed({
      record: { keys: async () => keys, witnesses: [], exports: exports as never, keptDays: undefined },
    });
    await write(2);
    const { store, clock } = world;
    await store.exports.begin('siem', clock.ms);
    await store.exports.take({ name: 'siem', holder: undefined, beat: 0 }, 'node-1');
    await store.exports.advance('siem', 'node-1', { from: 0, to: 3, sent: 2, dead: 1, nowMs: clock.ms });
    await store.exports.fail('siem', 'node-1', 'status 503', clock.ms);
    clock.ms += 90_000;
    const { body } = await get('/exports');
    assert.doesNotMatch(JSON.stringify(body), /s3cret/);
    const [siem, soc, archive] = body.items;
    assert.deepEqual(
      [siem.to, siem.position, siem.behind, siem.lagSeconds, siem.sent, siem.dead, siem.holder, siem.failing.why],
      ['siem.example', 3, 1, 90, 2, 1, 'node-1', 'status 503'],
    );
    assert.deepEqual([soc.to, soc.records, soc.holder, soc.failing], ['logs.example:6514', ['alert'], null, null]);
    assert.deepEqual([archive.to, archive.position, archive.behind], ['/var/log/record.jsonl', 0, 4]);
  });
});

describe('where people sign in', () => {
  test('identity providers of the configuration, without what we show them', async () => {
    const entry = {
      issuer: 'https://acme.okta.example',
      client_id: 'c',
      client_secret_file: '/s3cret',
      domains: ['acme.example'],
    };
    const world = await openAdminWorld({
      upstreams: {
        okta: {
          ...entry,
          preset: 'okta',
          name: 'Okta',
          create: true,
          provisioned_by: { source: 'scim:okta', match: 'external_id', claim: 'sub' },
        },
        google: { ...entry, issuer: undefined, preset: 'google', create: false },
      } as never,
    });
    const { body } = await world.send('GET', '/sources', await world.browserOf('people'));
    assert.doesNotMatch(JSON.stringify(body), /s3cret/);
    assert.deepEqual(body.upstreams, [
      {
        name: 'okta',
        label: 'Okta',
        preset: 'okta',
        issuer: 'https://acme.okta.example',
        domains: ['acme.example'],
        creates: true,
        provisionedBy: 'scim:okta',
      },
      {
        name: 'google',
        label: null,
        preset: 'google',
        issuer: 'https://accounts.google.com',
        domains: ['acme.example'],
        creates: false,
        provisionedBy: null,
      },
    ]);
  });
});
