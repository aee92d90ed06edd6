import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readRecord } from '../audit/personal.ts';
import { toRow } from '../audit/record.ts';
import { createSealer } from '../audit/sealer.ts';
import { type Home, openHome } from '../home.ts';
import { acceptCheckpoint, isAcceptedCheckpoint } from '../keys/accepted-checkpoint.ts';
import { openKeyRing } from '../keys/key-ring.ts';
import { generatePrivateJwk, toSigner } from '../keys/signer.ts';
import { verifySignature } from '../keys/verify-signature.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

describe('credence audit accept: a last checkpoint whose key is not here (T23)', () => {
  let folder: string;
  let home: Home;
  let store: Store;
  const stranger = toSigner(generatePrivateJwk('ES256'));

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credence-accept-'));
    home = await openHome(join(folder, 'home'));
    store = await openSqliteStore(home.storeFile, { node: 'test' });
  });
  after(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  const openRing = () =>
    openKeyRing({
      keysDir: home.auditKeysDir,
      purpose: 'audit',
      algorithm: 'ES256',
      seal: undefined,
      now: () => Math.floor(Date.now() / 1000),
      waitSeconds: 600,
      tokenSeconds: 600,
      rotateAfterSeconds: 86_400,
      onRotated: async () => undefined,
    });
  const write = () => {
    const line = { v: 2, kind: 'refusal', domain: 'idp', outcome: 'refused', reason: 'policy_denied' } as const;
    return store.commit({ marks: [], records: [toRow({ ...line, id: `d_${Math.random()}`, timeMs: Date.now() })] });
  };
  const sealWith = (keys: Parameters<typeof createSealer>[0]['keys']) =>
    createSealer({
      seals: store.seals,
      keys,
      verifySignature,
      nowMs: Date.now,
      refreshKeys: async () => undefined,
      isAccepted: ({ statement }) => isAcceptedCheckpoint(home.auditKeysDir, statement),
      prunedTo: async () => 0,
    })();
  function accept(number: number): Promise<{ code: number; said: string }> {
    const words = [main, 'audit', 'accept', String(number), '--reason', 'the disk died', '--home', home.dir];
    return new Promise((resolve) => {
      execFile(process.execPath, words, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), said: stdout + stderr }),
      );
    });
  }

  test('accepted by its number, on the record; what follows is sealed with the key that is here', async () => {
    const ring = await openRing();
    await write();
    await sealWith({ signer: () => stranger, published: () => [stranger.publicJwk] });
    await write();
    await assert.rejects(sealWith(ring), /checkpoint 1 is signed with a key that is not here/);
    const other = await accept(2);
    assert.deepEqual([other.code, /The last checkpoint is 1, not 2/.test(other.said)], [2, true], other.said);
    await assert.rejects(sealWith(ring), /not here/, 'nothing is accepted by that');

    const { code, said } = await accept(1);
    assert.equal(code, 0, said);
    assert.ok(said.includes(stranger.kid));
    const [last] = await store.audit.last(1);
    const { kind, detail } = readRecord(last ?? { body: '{}' });
    assert.equal(kind, 'admin');
    assert.match(String(detail), /^checkpoint 1, signed with key \S+, accepted: the disk died, by command as /);
    assert.equal(await sealWith(ring), 2);

    const done = await accept(2);
    assert.deepEqual([done.code, /signed with a key that is here/.test(done.said)], [2, true], done.said);
  });

  test('that one and no other', async () => {
    await acceptCheckpoint(home.auditKeysDir, 'a.b.c');
    assert.equal(await isAcceptedCheckpoint(home.auditKeysDir, 'a.b.c'), true);
    assert.equal(await isAcceptedCheckpoint(home.auditKeysDir, 'a.b.d'), false);
    assert.equal(await isAcceptedCheckpoint(join(folder, 'nowhere'), 'a.b.c'), false);
  });
});
