import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BadKeySet } from '@credence/mcp/resource';
import { BadClientDocument } from './clients/metadata-document.ts';
import { readConfig } from './config.ts';
import { keyPurposes } from './config-schema.ts';
import { EgressRefused } from './egress.ts';
import { openVault } from './keys/vault.ts';
import { createMeter } from './metrics/meter.ts';
import { createReadiness } from './readiness.ts';
import { openRing, type Parts, toFetchFault } from './roles.ts';

const dir = await mkdtemp(join(tmpdir(), 'credence-roles-'));
after(() => rm(dir, { recursive: true }));

test('a process without a key of a purpose it has opened is not ready, and the age of each is told', async () => {
  const config = await readConfig({}, join(dir, 'none.yaml'));
  for (const purpose of keyPurposes) {
    const keysDir = join(dir, purpose);
    await mkdir(keysDir, { mode: 0o700 });
    let now = 1_800_000_000;
    const readiness = createReadiness({
      store: { proveWritable: async () => undefined },
      policies: () => undefined,
      isClockRight: () => true,
      elapsedMs: () => 0,
      onChange: () => undefined,
    });
    const meter = createMeter();
    const parts = {
      config,
      home: { keysDir, auditKeysDir: keysDir },
      seal: undefined,
      vault: await openVault(config.keys),
      edge: { nowMs: () => now * 1000 },
      now: () => now,
      append: async () => undefined,
      measures: { meter },
      readiness,
    } as unknown as Parts;
    await openRing(parts, purpose);
    assert.deepEqual(await readiness.notReady(), [], purpose);
    now += 60;
    assert.deepEqual((await meter.snapshot()).credence_key_age_seconds, [[[purpose], 60]]);
    now -= 3600; // none signs yet
    assert.deepEqual(await readiness.notReady(), ['keys'], purpose);
  }
});

test('why something fetched was refused is told in our words, and never in those of others', () => {
  const ours = [new EgressRefused('not https'), new BadClientDocument('no name'), new BadKeySet('no keys')];
  assert.deepEqual(
    ours.map((fault) => toFetchFault(fault).why),
    ['not https', 'no name', 'no keys'],
  );
  const { why, fault } = toFetchFault(new SyntaxError('<what was sent>'));
  assert.deepEqual([why, fault.name], [undefined, 'SyntaxError']);
});
