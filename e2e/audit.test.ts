import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { userNamed } from '../examples/acme/demo-file.ts';
import { runCredence } from '../examples/acme/server-process.ts';
import { toRow } from '../packages/server/src/audit/record.ts';
import { openHome } from '../packages/server/src/home.ts';
import { openSqliteStore } from '../packages/server/src/store/sqlite.ts';
import { agentOf, issue, redeem, secretOf, startAcme, stopWell, temporaryHome, tokenOf } from './harness.ts';

describe('the record of a server, verified on another machine (LOG-04, T23)', () => {
  test('exported, verified with the key alone, tampered with, cut back, proven, erased', {
    timeout: 300_000,
  }, async (t) => {
    const home = await temporaryHome(t);
    const folder = dirname(home);
    const at = (name: string) => join(folder, name);
    const witness = at('checkpoints');
    const settings = { audit: { sealSeconds: 1, witness: { file: witness } }, retention: { audit: '40d' } };
    await writeFile(join(home, 'credence.yaml'), JSON.stringify(settings));
    await writeOldLines(home);
    const acme = await startAcme(t, { home });
    const alice = await agentOf(acme.demo, 'alice');
    const [server] = acme.demo.servers;
    assert.ok(server);
    for (let round = 0; round < 5; round += 1) {
      const idJag = tokenOf(await issue(acme.demo, server, alice.idToken, secretOf(alice.idp)));
      tokenOf(await redeem(acme.demo, idJag, secretOf(alice.ras)));
    }
    // Old lines go, once a checkpoint says that they may.
    for (let tries = 1, removed = 0; removed === 0; tries += 1) {
      const { stdout, stderr } = await runCredence(['audit', 'prune', '--json', '--home', home]);
      removed = JSON.parse(stdout || assert.fail(stderr)).removed;
      assert.ok(tries < 20, `nothing goes: ${stdout}`);
    }
    await stopWell(acme.server); // seals what is left

    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await runCredence(['audit', ...args]);
      return { code, said: `${stdout}${stderr}`, stdout };
    };
    const [key, record, proof] = [at('key.json'), at('record.jsonl'), at('proof.json')];
    await writeFile(key, (await run('key', '--home', home)).stdout);
    const exported = (await run('export', '--json', '--home', home)).stdout;
    await writeFile(record, exported);
    assert.doesNotMatch(await readFile(key, 'utf8'), /"d":/, 'the public half only');
    const issued = exported.split('\n').find((line) => line.includes('"kind":"issuance"')) ?? '';
    const { id, personal } = JSON.parse(issued);
    await writeFile(proof, (await run('prove', id, '--home', home)).stdout);

    // Nothing of the installation is needed from here on: another home that is not there.
    const elsewhere = ['--home', at('nowhere'), '--key', key];
    const good = await run('verify', record, ...elsewhere, '--witness', witness);
    assert.equal(good.code, 0, good.said);
    assert.match(good.said, /in order: \d+ lines of \d+ chains, \d+ checkpoints/);
    assert.match(good.said, /checkpoints are those that the witness has/);
    assert.doesNotMatch(good.said, /not yet sealed/);

    const damages: [name: string, text: string, words: RegExp][] = [
      ['a reason', exported.replace('"kind":"issuance"', '"kind":"refusal"'), new RegExp(`${id}.*\\[altered\\]`)],
      ['a person', exported.replace(personal.person, 'u_somebody'), /\[personal_altered\]/],
      ['a line', exported.replace(`${issued}\n`, ''), /\[missing\]/],
      ['the end', `${exported.split('\n').slice(0, 8).join('\n')}\n`, /\[(unsealed|cut_back)\]/],
    ];
    for (const [name, text, words] of damages) {
      assert.notEqual(text, exported, name);
      await writeFile(at('damaged.jsonl'), text);
      const found = await run('verify', at('damaged.jsonl'), ...elsewhere, '--witness', witness);
      assert.deepEqual([found.code, words.test(found.said)], [1, true], `${name}: ${found.said}`);
    }

    const proven = await run('verify', '--proof', proof, '--json', ...elsewhere);
    assert.deepEqual([proven.code, JSON.parse(proven.stdout).record.id], [0, id]);
    assert.equal((await run('verify', record, '--home', at('nowhere'))).code, 2, 'without a key nothing is verified');

    const live = await run('verify', '--home', home);
    assert.equal(live.code, 0, live.said);

    // In a backup and restored, it is the same record, from the same line on.
    const [backup, other] = [at('credence.backup'), at('other')];
    const kept = await runCredence(['backup', '--with-secrets', '--home', home, '--to', backup]);
    assert.equal(kept.code, 0, kept.stderr);
    const restored = await runCredence(['restore', backup, '--home', other, '--reason', 'a test']);
    assert.equal(restored.code, 0, restored.stderr);
    const again = await run('verify', '--home', other);
    assert.deepEqual([again.code, again.said.split(':')[0]], [0, 'in order'], again.said);

    const erin = personal.person;
    const active = await run('erase', '--home', home, '--person', erin, '--reason', 'request 4711');
    assert.deepEqual([active.code, /is active/.test(active.said)], [2, true]);
    const gone = await run('erase', '--home', home, '--person', 'a_nobody', '--reason', 'request 4712', '--json');
    assert.deepEqual([gone.code, JSON.parse(gone.stdout).lines], [0, 0], gone.said);
    await rm(record);

    const { email } = userNamed(acme.demo, 'alice');
    const off = await runCredence(['person', 'off', email, '--home', home]);
    assert.equal(off.code, 0, off.stderr);
    for (const reason of [`${email} asked for it`, 'as Alice asked', ' ']) {
      const named = await run('erase', '--home', home, '--person', erin, '--reason', reason);
      assert.deepEqual([named.code, /names the person|--reason/.test(named.said)], [2, true], reason);
    }
    // Not every line of an account names whose it is.
    const store = await openSqliteStore(join(home, 'store.db'), { node: 'call' });
    const [account = ''] = await store.erasure.accountsOf(acme.demo.idp.issuer, erin);
    const line = {
      v: 2,
      kind: 'admin',
      domain: 'admin',
      outcome: 'allowed',
      person: account,
      detail: 'a test',
    } as const;
    await store.commit({ marks: [], records: [toRow({ ...line, id: 'o_line', timeMs: Date.now() })] });
    await store.close();
    const erased = await run('erase', '--home', home, '--person', erin, '--reason', 'request 4711', '--json');
    assert.ok(JSON.parse(erased.stdout).lines >= 10, erased.said);
    const without = (await run('export', '--json', '--home', home)).stdout;
    for (const name of [erin, account, email, alice.idToken.split('.')[1] ?? ''])
      assert.ok(!without.includes(name), name);
    const standing = await run('verify', '--home', home);
    assert.equal(standing.code, 0, standing.said);
    assert.match(standing.said, /lines no longer say whom they were about/);

    const database = new DatabaseSync(join(other, 'store.db'));
    database.exec('DROP TRIGGER audit_refuses_delete; DELETE FROM audit WHERE position <= 1280');
    database.close();
    const cut = await run('verify', '--home', other);
    assert.deepEqual([cut.code, /\[cut_off_in_front\]/.test(cut.said)], [1, true], cut.said);
  });
});

/** Lines 1 to 1100 are older than the record is kept, and 500 are not: a stretch of the index, and some more. */
async function writeOldLines(dir: string): Promise<void> {
  const home = await openHome(dir);
  const store = await openSqliteStore(home.storeFile, { node: 'before' });
  const ages = [...Array(1100).fill(50), ...Array(500).fill(1)];
  const line = { v: 2, kind: 'refusal', domain: 'idp', outcome: 'refused', reason: 'policy_denied' } as const;
  const records = ages.map((days, at) =>
    toRow({ ...line, id: `d_${at + 1}`, timeMs: Date.now() - days * 86_400_000 + at }),
  );
  await store.commit({ marks: [], records });
  await store.close();
}
