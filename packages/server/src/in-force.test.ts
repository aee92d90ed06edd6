import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { openInForce } from './in-force.ts';
import { StoreAltered } from './store/digests.ts';
import { openSqliteStore } from './store/sqlite.ts';
import type { PolicyKind, Store } from './store/store.ts';

const origins = { idp: 'https://id.acme.example', ras: 'https://mcp.acme.example' };

const documents = {
  access: { rules: [], servers: {}, clients: {}, audiences: {}, networks: {} },
  resource: { servers: {}, clients: {}, trust: {} },
} satisfies Record<PolicyKind, object>;

async function openAt(change: (store: Store) => Store = (store) => store) {
  const store = change(await openSqliteStore(':memory:', { node: 'test' }));
  const told: string[] = [];
  const inForce = await openInForce(store, origins, async ({ message }) => void told.push(message));
  const publish = (version: number, kind: PolicyKind = 'access') => {
    const document = JSON.stringify(documents[kind]);
    const digest = createHash('sha256').update(document).digest('base64url');
    return store.policies.append({ kind, version, document, digest, author: 'test', publishedAt: 1 }, []);
  };
  return { store, inForce, publish, told };
}

/** A store that says what of it is asked for, and fails when it is told to. */
function watched() {
  const state: { looks: number; reads: number; fault?: Error | undefined } = { looks: 0, reads: 0 };
  const change = (real: Store): Store => ({
    ...real,
    lossSequence: () => {
      state.looks += 1;
      return real.lossSequence();
    },
    policies: {
      ...real.policies,
      latest: async (kind) => {
        if (kind === 'access') state.reads += 1;
        if (state.fault) throw state.fault;
        return real.policies.latest(kind);
      },
    },
  });
  return { state, change };
}

describe('what is in force', () => {
  test('is there once it was published, each kind by itself', async () => {
    const { inForce, publish } = await openAt();
    const there = () => [inForce.has('access'), inForce.has('resource')];
    assert.deepEqual(there(), [false, false]);
    assert.throws(() => inForce.access(), /^Error: no access document was published$/);
    assert.throws(() => inForce.resource(), /^Error: no resource document was published$/);
    await publish(1);
    await inForce.refresh();
    assert.deepEqual(there(), [true, false]);
    await publish(1, 'resource');
    await inForce.refresh();
    assert.deepEqual(there(), [true, true]);
    await publish(2, 'resource');
    await inForce.refresh();
    assert.deepEqual([inForce.access().version, inForce.resource().version], [1, 2]);
  });

  test('is read again when something has changed, and compiled again when it has itself', async () => {
    const { state, change } = watched();
    const { inForce, publish } = await openAt(change);
    await publish(1);
    await publish(1, 'resource');
    await inForce.refresh();
    const [reads, access, resource] = [state.reads, inForce.access(), inForce.resource()];
    await inForce.refresh();
    assert.equal(state.reads, reads);
    await publish(2);
    await inForce.refresh();
    assert.equal(state.reads, reads + 1);
    assert.notEqual(inForce.access(), access);
    assert.equal(inForce.resource(), resource);
    await publish(2, 'resource');
    const later = inForce.access();
    await inForce.refresh();
    assert.equal(inForce.access(), later);
    assert.notEqual(inForce.resource(), resource);
  });

  test('is nothing while what is in the store is not what was written: told once, until it is so again', async () => {
    const { state, change } = watched();
    const { inForce, publish, told } = await openAt(change);
    await publish(1);
    await inForce.refresh();
    state.fault = new StoreAltered('access', 'is another');
    const { message } = state.fault;
    await publish(1, 'resource'); // something to read
    await inForce.refresh();
    await inForce.refresh();
    assert.deepEqual(told, [message]);
    for (const ask of [inForce.access, inForce.resource, () => inForce.secretHashes('idp', 'c')]) {
      assert.throws(ask, (thrown) => thrown === state.fault);
    }
    const first = state.fault;
    state.fault = new StoreAltered('access', 'is another again');
    await inForce.refresh();
    assert.deepEqual(told, [first.message, state.fault.message]);
    state.fault = undefined;
    await inForce.refresh();
    assert.equal(inForce.access().version, 1);
    assert.deepEqual(inForce.secretHashes('idp', 'c'), []);
    state.fault = first;
    await publish(2);
    await inForce.refresh();
    assert.equal(told.at(-1), first.message);
    assert.equal(told.length, 3);
  });

  test('stays as it was while the store is away, which is told to whoever asked', async () => {
    const { state, change } = watched();
    const { inForce, publish, told } = await openAt(change);
    await publish(1);
    await inForce.refresh();
    state.fault = new Error('away');
    await publish(2);
    await assert.rejects(inForce.refresh(), /away/);
    assert.deepEqual([inForce.access().version, told], [1, []]);
    state.fault = undefined;
    await inForce.refresh();
    assert.equal(inForce.access().version, 2);
  });
});

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
    const { state, change } = watched();
    const { store, inForce, publish } = await openAt(change);
    await publish(1);
    const losses = await store.lossSequence();
    const before = state.looks;
    await Promise.all([inForce.upTo(losses), inForce.upTo(losses), inForce.upTo(losses)]);
    assert.equal(state.looks, before + 1);
    await publish(2);
    const first = inForce.upTo(await store.lossSequence());
    await publish(3);
    const second = inForce.upTo(await store.lossSequence());
    await Promise.all([first, second]);
    assert.equal(inForce.access().version, 3);
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
