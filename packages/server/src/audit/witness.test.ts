import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { openSqliteStore } from '../store/sqlite.ts';
import { createWitnessing, fileWitness, type Witness, webWitness, witnessNames } from './witness.ts';

const run = promisify(execFile);

/** Hands out statements until the file takes no more, makes room by taking the whole lines away, and goes on. */
const fillUp = `
  import { readFile, writeFile } from 'node:fs/promises';
  const [module, file] = process.argv.slice(1);
  const witness = (await import(module)).fileWitness(file);
  let fault;
  while (!fault) await witness.hand('s'.repeat(1000)).catch((error) => (fault = error));
  if (fault.code !== 'EFBIG') throw fault;
  const written = await readFile(file, 'utf8');
  await writeFile(file, written.slice(written.lastIndexOf('\\n') + 1));
  for (const statement of ['the next', 'and one more']) await witness.hand(statement);
`;

async function open(witnesses: (Witness & { readonly isDown?: () => boolean })[]) {
  const store = await openSqliteStore(':memory:', { node: 'one' });
  const clock = { ms: 1_800_000_000_000 };
  const faults: string[] = [];
  const seal = (number: number) =>
    store.seals.append({ number, size: number, root: 'r', timeMs: clock.ms, statement: `checkpoint-${number}` }, []);
  const newWitnessing = () =>
    createWitnessing({
      seals: store.seals,
      witnesses,
      nowMs: () => clock.ms,
      patienceMs: 50,
      onFault: (name, fault) => faults.push(`${name}: ${(fault as Error).message}`),
    });
  return { clock, faults, seal, newWitnessing, ...newWitnessing() };
}

/** A witness in memory that can be taken away. */
function pocket(name: string) {
  const kept: string[] = [];
  const state = { isDown: false, tries: 0 };
  const hand = async (statement: string) => {
    state.tries += 1;
    if (state.isDown) throw new Error('away');
    kept.push(statement);
  };
  return { name, kept, state, hand };
}

describe('T23: checkpoints go to a witness outside', () => {
  test('the newest one, once, and from whichever node', async () => {
    const outside = pocket('outside');
    const { hand, seal, newWitnessing, unwitnessedSince } = await open([outside]);
    await hand();
    assert.equal(await unwitnessedSince(), undefined, 'there is nothing to witness yet');
    await seal(1);
    await seal(2);
    await hand();
    await hand();
    await newWitnessing().hand();
    assert.deepEqual(outside.kept, ['checkpoint-2']);
    assert.equal(await unwitnessedSince(), undefined);
  });

  test('one that is away is tried again, less and less often, and it is known since when', async () => {
    const [here, away] = [pocket('here'), pocket('away')];
    const { clock, faults, hand, seal, unwitnessedSince } = await open([here, away]);
    away.state.isDown = true;
    await seal(1);
    const since = clock.ms;
    for (let second = 0; second < 600; second += 1) {
      await hand();
      clock.ms += 1000;
    }
    assert.ok(away.state.tries >= 5 && away.state.tries <= 12, String(away.state.tries));
    assert.equal(here.state.tries, 1);
    assert.equal(faults.length, away.state.tries);
    assert.equal(faults[0], 'away: away');
    await seal(2);
    assert.equal(await unwitnessedSince(), since);
    away.state.isDown = false;
    clock.ms += 300_000;
    await hand();
    assert.deepEqual([here.kept, away.kept], [['checkpoint-1', 'checkpoint-2'], ['checkpoint-2']]);
    assert.equal(await unwitnessedSince(), undefined);
  });

  test('one that hangs holds up nobody, is handed one at a time, and goes on when it can', async () => {
    const here = pocket('here');
    const stuck = Promise.withResolvers<void>();
    const kept: string[] = [];
    const hanging: Witness = {
      name: 'hanging',
      async hand(statement) {
        kept.push(statement);
        if (kept.length === 1) await stuck.promise;
      },
    };
    const { clock, faults, hand, seal, unwitnessedSince } = await open([hanging, here]);
    const since = clock.ms;
    for (const number of [1, 2, 3]) {
      await seal(number);
      await hand();
      clock.ms += 60_000;
    }
    assert.deepEqual([kept, here.kept.length], [['checkpoint-1'], 3]);
    const before = 'hanging: it has not taken the one before';
    assert.deepEqual(faults, ['hanging: it does not answer', before, before]);
    assert.equal(await unwitnessedSince(), since);
    stuck.resolve();
    await new Promise(setImmediate);
    await hand();
    assert.deepEqual(kept, ['checkpoint-1', 'checkpoint-3']);
    assert.equal(await unwitnessedSince(), undefined);
  });

  test('where there is no witness: since the first checkpoint', async () => {
    const { clock, seal, hand, unwitnessedSince } = await open([]);
    const since = clock.ms;
    await seal(1);
    clock.ms += 5000;
    await seal(2);
    await hand();
    assert.equal(await unwitnessedSince(), since);
  });

  test('a file: one a line, for its owner only, never behind a line that broke off', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'credence-witness-')), 'checkpoints');
    const witness = fileWitness(file);
    for (const statement of ['a.b.c', 'd.e.f']) await witness.hand(statement);
    await appendFile(file, 'g.h');
    await fileWitness(file).hand('i.j.k');
    assert.deepEqual((await readFile(file, 'utf8')).split('\n').filter(Boolean), ['a.b.c', 'd.e.f', 'g.h', 'i.j.k']);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
  });

  test('a disk that is full for a moment: what comes after it begins a line of its own', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'credence-witness-')), 'checkpoints');
    const args = ['--input-type=module', '-e', fillUp, new URL('witness.ts', import.meta.url).href, file];
    await run('/bin/sh', ['-c', 'ulimit -f 8 && exec "$@"', 'sh', process.execPath, ...args]);
    const [half = '', ...rest] = (await readFile(file, 'utf8')).split('\n');
    assert.ok(half !== '' && half.length < 1000, 'one was half written');
    assert.deepEqual(rest, ['the next', 'and one more', '']);
  });

  test('an endpoint: what it answers beside 2xx is a failure', async () => {
    const posted: string[] = [];
    let status = 204;
    const witness = webWitness('https://witness.example/credence', async (url, body) => {
      posted.push(`${url} ${body}`);
      return status;
    });
    await witness.hand('a.b.c');
    for (status of [199, 300, 404, 500]) await assert.rejects(witness.hand('a.b.c'), new RegExp(`answered ${status}`));
    assert.equal(posted[0], 'https://witness.example/credence a.b.c');
  });

  test('each is known by where it is; 2xx is taken, from 200 to 299', async () => {
    const url = 'https://witness.example/';
    assert.deepEqual(witnessNames({ file: '/mnt/w', url }), ['file /mnt/w', `url ${url}`]);
    assert.deepEqual([witnessNames({}), fileWitness('/mnt/w').name], [[], 'file /mnt/w']);
    const answering = (status: number) => webWitness(url, async () => status);
    assert.equal(answering(200).name, `url ${url}`);
    for (const status of [200, 299]) await answering(status).hand('x');
    for (const status of [199, 300]) await assert.rejects(answering(status).hand('x'), /answered/);
  });
});
