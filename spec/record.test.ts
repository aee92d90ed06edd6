import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createSealer } from '../packages/server/src/audit/sealer.ts';
import { verifySignature } from '../packages/server/src/keys/verify-signature.ts';
import { auditKey, exported, newKey, toKeys, verifyLines } from './sealed-record.ts';
import { alice, openWorld, type World } from './world.ts';

/** Both legs, allowed and refused, and what was written of them sealed. */
async function sealedWorld(): Promise<World> {
  const world = await openWorld();
  const assertion = await world.idJag();
  await world.exchange();
  await world.redeem({ assertion });
  await world.redeem({ assertion });
  await world.exchange({ client_secret: 'wrong' });
  await seal(world);
  return world;
}

function seal(world: World): Promise<number> {
  const { seals } = world.store;
  const options = { refreshKeys: async () => undefined, isAccepted: async () => false, prunedTo: async () => 0 };
  return createSealer({ seals, keys: toKeys(auditKey), verifySignature, nowMs: () => world.clock.ms, ...options })();
}

describe('LOG-04: "Tamper evidence (hash chain), export, retention; elevations recorded"', () => {
  test('what both legs recorded is exported, and verified with the key of the record alone', async () => {
    const { store } = await sealedWorld();
    const found = await verifyLines(await exported(store));
    assert.deepEqual('unsealed' in found && [found.lines, found.sealed, found.unsealed], [4, 4, 0]);
    const other = await verifyLines(await exported(store), { keys: [newKey().publicJwk] });
    assert.equal('fault' in other && other.fault, 'checkpoint_forged');
  });

  test('a refusal made into an issuance, or one that never happened taken for one, is named', async () => {
    const { store } = await sealedWorld();
    const lines = await exported(store);
    const at = lines.findIndex((line) => line.includes('id_jag_replayed'));
    const forged = lines.with(at, (lines[at] ?? '').replace('"outcome":"refused"', '"outcome":"allowed"'));
    const found = await verifyLines(forged);
    assert.deepEqual('fault' in found && [found.fault, found.line, found.id], [
      'altered',
      at + 1,
      JSON.parse(lines[at] ?? '').id,
    ]);
    const gone = await verifyLines(lines.toSpliced(at, 1));
    assert.deepEqual('fault' in gone && [gone.fault, gone.line], ['missing', at + 1]);
  });

  test('T13: each key has signed as often as the record says, refused or not: one that was used elsewhere shows', async () => {
    const world = await openWorld();
    const idJags: string[] = [];
    for (let round = 0; round < 4; round += 1) idJags.push(String((await world.exchange()).body.access_token));
    await world.exchange({ client_secret: 'wrong' });
    await world.exchange({ resource: 'https://mcp.acme.example/nowhere' });
    for (const assertion of idJags.slice(1)) await world.redeem({ assertion });
    await world.redeem({ assertion: idJags[1] ?? '' });
    await Promise.all([0, 0, 0].map((at) => world.redeem({ assertion: idJags[at] ?? '' })));
    const lines = (await world.store.audit.last(100)).map(({ body }) => JSON.parse(body));
    const count = (is: (line: { kind: string; outcome: string; reason?: string }) => boolean) =>
      lines.filter(is).length;
    const issued = count(({ kind, outcome }) => kind === 'issuance' && outcome === 'allowed');
    const redeemed = count(({ kind, outcome }) => kind === 'redemption' && outcome === 'allowed');
    // Signed, and lost to another that used the same ID-JAG: thrown away, with a line that says so.
    const lost = count(({ reason }) => reason === 'id_jag_replayed');
    assert.deepEqual([issued, redeemed, lost], [4, 4, 3]);
    assert.equal(world.signatures.get(world.keys.idJag.kid), issued);
    assert.equal(world.signatures.get(world.keys.accessToken.kid), redeemed + lost);
  });

  test('LOG-02: no line names a person where it cannot be erased', async () => {
    const { store } = await sealedWorld();
    for (const { body } of await store.audit.last(100)) {
      assert.ok(!body.includes(alice.id) && !body.includes('192.0.2.1') && !body.includes('engineering'), body);
    }
  });
});
