import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { getToKnow, type Known, tryMutant } from './mutant-tests.ts';
import { toMutants } from './mutations.ts';

const source = `export function isLate(exp: number, now: number): boolean {
  if (exp < 0) {
    return now > exp;
  }
  return exp <= now;
}
export const neverAsked = (list: number[]) => list.every((each) => each === 1);
`;
const tests = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLate } from './late.ts';
test('late', () => assert.deepEqual([isLate(1, 1), isLate(1, 0)], [true, false]));
`;

describe('the tests of a file, asked about its mutants', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mutants-'));
  const [file, test_] = [join(folder, 'late.ts'), join(folder, 'late.test.ts')];
  let known: Known;
  before(async () => {
    delete process.env.NODE_TEST_CONTEXT; // Else node takes the tests within for its own, and runs none.
    writeFileSync(file, source);
    writeFileSync(test_, tests);
    known = await getToKnow(test_);
  });
  after(() => rmSync(folder, { recursive: true }));

  test('they pass while nothing is wrong', () => assert.equal(known.outcome, 'passed'));

  test('they come to some of the mutants, and notice most of those', async () => {
    const seen: [after: string, outcome: string][] = [];
    for (const { after: line, source: mutated, reachedAt } of toMutants(source)) {
      const outcome = known.reaches(file, reachedAt) ? await tryMutant(known, file, mutated) : 'not reached';
      seen.push([line, outcome]);
    }
    assert.deepEqual(seen, [
      ['if (false) {', 'passed'],
      ['if (exp <= 0) {', 'passed'],
      ['return now >= exp;', 'not reached'],
      ['return exp < now;', 'failed'],
      ['export const neverAsked = (list: number[]) => list.some((each) => each === 1);', 'passed'],
      ['export const neverAsked = (list: number[]) => list.every((each) => each !== 1);', 'passed'],
    ]);
    assert.equal(known.reaches(join(folder, 'other.ts'), 0), false);
  });

  test('a test that fails without any mutant is told apart', async () => {
    const failing = join(folder, 'failing.test.ts');
    writeFileSync(failing, tests.replace('[true, false]', '[true, true]'));
    assert.equal((await getToKnow(failing)).outcome, 'failed');
  });

  test('of a long file a part is run, and one that it does not have is told', async () => {
    const long = join(folder, 'long.test.ts');
    writeFileSync(long, `${tests}test('never', () => assert.fail());\n`);
    const outcomes = ['', '#^late', '#^none'].map(async (part) => (await getToKnow(`${long}${part}`)).outcome);
    assert.deepEqual(await Promise.all(outcomes), ['failed', 'passed', 'failed']);
  });

  test('a mutant that goes round for ever ends with the process that tries it', { timeout: 60_000 }, async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const endless = join(folder, 'endless.test.ts');
    writeFileSync(
      endless,
      `import { once } from 'node:events';
import { connect } from 'node:net';
await once(connect(${port}, '127.0.0.1'), 'connect');
for (;;);
`,
    );
    const tries = `import { tryMutant } from ${JSON.stringify(import.meta.resolve('./mutant-tests.ts'))};
await tryMutant(${JSON.stringify({ test: endless, ms: 60_000 })}, ${JSON.stringify(file)}, '');`;
    const trying = spawn(process.execPath, ['--input-type=module', '-e', tries], {
      env: { ...process.env, TMPDIR: folder },
      stdio: 'ignore',
    });
    const [socket] = await once(server, 'connection');
    trying.kill('SIGKILL');
    await once(socket.resume(), 'close');
    server.close();
  });
});
