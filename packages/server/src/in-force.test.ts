import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { openInForce } from './in-force.ts';
import { openSqliteStore } from './store/sqlite.ts';
import type { Store } from './store/store.ts';

const origins = { idp: 'https://id.acme.example', ras: 'https://mcp.acme.example' };

async function openAt(change: (store: Store) => Store = (store) => store) {
  const store = change(await openSqliteStore(':memory:', { node: 'test' }));
  const inForce = await openInForce(store, origins);
  const publish = (version: number) => {
    const document = JSON.stringify({ rules: [], servers: {}, clients: {}, audiences: {}, networks: {} });
    const digest = createHash('sha256').update(document).digest('base64url');
    return store.policies.append({ kind: 'access', version, document, digest, author: 'test', publishedAt: 1 }, []);
  };
  return { store, inForce, publish };
}

describe('what is in force, for a request that is compared with the loss sequence (T19)', () => {
  test('is as new as the sequence that it noted, at once where it is so already', async () => {
    const { store, inForce, publish } = await openAt();
    await inForce.refresh();
    assert.equal(inForce.upTo(await store.lossSequence()), undefined);
    await publish(1);
    const losses = await store.lossSequence();
    await inForce.upTo(losses);
    assert.equal(inForce.access().version, 1);
    assert.equal(inForce.upTo(losses), undefined);
  });

  test('an epoch that began is known as well', async () => {
    const { store, inForce } = await openAt();
    const before = inForce.epoch().id;
    await store.epoch.endAll({ id: 'e_2', since: 7 }, []);
    await inForce.upTo(await store.lossSequence());
    assert.notEqual(inForce.epoch().id, before);
  });

  test('of many that ask at once one reads, and one that reads already is read again for what came after', async () => {
    const { store, inForce, publish } = await openAt();
    await publish(1);
    const first = inForce.upTo(await store.lossSequence());
    await publish(2);
    const second = inForce.upTo(await store.lossSequence());
    await Promise.all([first, second]);
    assert.equal(inForce.access().version, 2);
  });

  test('a look that a timer began, and that is held up on its way, puts nothing back over what came after', async () => {
    const held: (() => void)[] = [];
    let isSlow = false;
    const { store, inForce, publish } = await openAt((real) => ({
      ...real,
      credentials: {
        ...real.credentials,
        all: async (domain) => {
          if (domain === 'ras' && isSlow) {
            isSlow = false;
            await new Promise<void>((resolve) => held.push(resolve));
          }
          return real.credentials.all(domain);
        },
      },
    }));
    await publish(1);
    isSlow = true;
    const byTimer = inForce.refresh();
    while (held.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await publish(2);
    const asked = inForce.upTo(await store.lossSequence());
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    for (const go of held) go();
    await Promise.all([byTimer, asked]);
    assert.equal(inForce.access().version, 2);
  });
});
