import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { after, describe, test } from 'node:test';
import { openDeadLetters } from './dead-letters.ts';
import { openFileDestination, stdoutDestination } from './file.ts';
import { linesOf } from './fixtures.ts';

const dir = await mkdtemp(join(tmpdir(), 'credence-exports-'));
after(() => rm(dir, { recursive: true, force: true }));
let made = 0;
const fresh = () => join(dir, `record-${++made}.jsonl`);
const idsOf = async (path: string) =>
  (await readFile(path, 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line).id);

describe('an export to a file', () => {
  test('lines are added in order, to what is there, for the owner only', async () => {
    const path = fresh();
    await writeFile(path, '{"id":"before"}\n', { mode: 0o600 });
    const file = openFileDestination({ path, maxBytes: 1e9, keep: 2 });
    for (const lines of [linesOf(2), linesOf(1)]) assert.deepEqual(await file.send(lines), { outcome: 'delivered' });
    await file.close();
    assert.deepEqual(await idsOf(path), ['before', 'd_1', 'd_2', 'd_1']);
    const other = fresh();
    await openFileDestination({ path: other, maxBytes: 1e9, keep: 2 }).send(linesOf(1));
    assert.equal((await stat(other)).mode & 0o777, 0o600);
  });

  test('a line that a crash left half written is taken back', async () => {
    const path = fresh();
    await writeFile(path, '{"id":"d_0"}\n{"id":"d_');
    const file = openFileDestination({ path, maxBytes: 1e9, keep: 2 });
    await file.send(linesOf(1));
    await file.close();
    assert.deepEqual(await idsOf(path), ['d_0', 'd_1']);
    await writeFile(path, '{"id":"d_');
    const again = openFileDestination({ path, maxBytes: 1e9, keep: 2 });
    await again.send(linesOf(1));
    await again.close();
    assert.deepEqual(await idsOf(path), ['d_1'], 'also where it is the only one');
  });

  test('beside a server a half line is left alone: it may be one that is being written', async () => {
    const path = fresh();
    await writeFile(path, '{"id":"d_0"}\n{"id":"d_');
    const beside = openFileDestination({ path, maxBytes: 1e9, keep: 2 }, { isAlone: false });
    assert.deepEqual(await beside.send(linesOf(1)), { outcome: 'away', why: 'HalfLine', faulty: false });
    assert.equal(await readFile(path, 'utf8'), '{"id":"d_0"}\n{"id":"d_');
    await appendFile(path, '9"}\n');
    assert.deepEqual(await beside.send(linesOf(1)), { outcome: 'delivered' });
    await beside.close();
    assert.deepEqual(await idsOf(path), ['d_0', 'd_9', 'd_1']);
  });

  test('a file that is full is put aside; the oldest goes', async () => {
    const path = fresh();
    const file = openFileDestination({ path, maxBytes: 60, keep: 2 });
    for (let batch = 0; batch < 4; batch++) await file.send(linesOf(2)); // 2 lines of 20 bytes: one batch a file
    await file.close();
    for (const name of [path, `${path}.1`, `${path}.2`]) assert.deepEqual(await idsOf(name), ['d_1', 'd_2'], name);
    await assert.rejects(stat(`${path}.3`), { code: 'ENOENT' });
  });

  test('a file that fits exactly is not put aside, and one that is empty never', async () => {
    const path = fresh();
    const bytes = linesOf(2).reduce((sum, { text }) => sum + text.length + 1, 0);
    const file = openFileDestination({ path, maxBytes: bytes * 2, keep: 2 });
    for (let batch = 0; batch < 2; batch++) await file.send(linesOf(2));
    await assert.rejects(stat(`${path}.1`), { code: 'ENOENT' });
    await file.close();
    const small = openFileDestination({ path: fresh(), maxBytes: 1, keep: 2 });
    assert.deepEqual(await small.send(linesOf(1)), { outcome: 'delivered' });
    await assert.rejects(stat(`${join(dir, `record-${made}.jsonl`)}.1`), { code: 'ENOENT' });
    await small.close();
  });

  test('what is no file is not written to: a pipe that nobody reads would hold up the end', async () => {
    for (const path of [dir, '/dev/null']) {
      const file = openFileDestination({ path, maxBytes: 1e9, keep: 2 });
      assert.deepEqual(await file.send(linesOf(1)), { outcome: 'away', why: 'NotAFile', faulty: false });
      await file.close();
    }
  });

  test('a file that somebody moved away is made anew; one that was taken and is replaced is followed', async () => {
    const path = fresh();
    const file = openFileDestination({ path, maxBytes: 1e9, keep: 2 });
    await file.send(linesOf(1));
    await rename(path, `${path}.moved`);
    await file.send(linesOf(2));
    assert.deepEqual(await idsOf(path), ['d_1', 'd_2']);
    await rename(path, `${path}.moved`);
    await writeFile(path, '');
    await file.send(linesOf(1));
    await file.close();
    assert.deepEqual(await idsOf(path), ['d_1']);
  });

  test('a file that cannot be written: away, and nothing of the batch counts; later it goes on', async () => {
    const path = join(dir, 'missing', 'record.jsonl');
    const file = openFileDestination({ path, maxBytes: 1e9, keep: 2 });
    assert.deepEqual(await file.send(linesOf(1)), { outcome: 'away', why: 'ENOENT', faulty: false });
    await file.close();
  });
});

describe('an export to standard output', () => {
  test('a batch is written as lines, and counts when the reader has taken it', async () => {
    const stream = new PassThrough();
    assert.deepEqual(await stdoutDestination(stream).send(linesOf(2)), { outcome: 'delivered' });
    assert.equal(String(stream.read()), '{"id":"d_1","n":1}\n{"id":"d_2","n":2}\n');
  });

  test('a reader that is gone: away', async () => {
    const gone = new Writable({ write: (_, __, done) => done(Object.assign(new Error('gone'), { code: 'EPIPE' })) });
    gone.on('error', () => undefined);
    assert.deepEqual(await stdoutDestination(gone).send(linesOf(1)), { outcome: 'away', why: 'EPIPE', faulty: false });
  });
});

describe('dead letters', () => {
  test('each says what, why, when and where it is on the record; for the owner only', async () => {
    const letters = openDeadLetters(join(dir, 'exports', 'siem.dead.jsonl'));
    const [line] = linesOf(1);
    assert.ok(line);
    await letters.keep(line, 'status 400', 0);
    await letters.keep(line, 'status 413', 0);
    await appendFile(letters.path, '');
    const [first, second] = (await readFile(letters.path, 'utf8'))
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text));
    assert.deepEqual(first, {
      at: '1970-01-01T00:00:00.000Z',
      why: 'status 400',
      id: 'd_1',
      position: 1,
      node: 'node-1',
      seq: 1,
      text: line.text,
    });
    assert.equal(second.why, 'status 413');
    assert.equal((await stat(letters.path)).mode & 0o777, 0o600);
  });
});
