import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

test('what lives long may double, and no more, before V8 looks through all of it again', () => {
  const said = run(
    `const kept = Array.from({ length: 1_000_000 }, (_, at) => ({ at, of: [at, at, at] }));
     gc();
     console.log(kept.length);`,
    ['--trace-gc', '--trace-gc-verbose'],
  );
  const [, size, limit] =
    [...said.matchAll(/HeapController\] Limit: old size: (\d+) KB, new limit: (\d+) KB/g)].at(-1) ?? [];
  // The young part has its own room on top: 64 MB at most.
  const roomForYoung = Number(limit) - 2 * Number(size);
  assert.ok(roomForYoung >= 0 && roomForYoung <= 66_000, `${size} KB, then looked through at ${limit} KB`);
});

test('nothing is collected in a pause to hand back memory: what is compiled would go with it', () => {
  const said = run(
    `let kept = Array.from({ length: 300_000 }, (_, at) => [at, at, at]);
     gc();
     kept = undefined;
     setTimeout(() => undefined, 1500);`,
    ['--trace-memory-reducer', '--gc-memory-reducer-start-delay-ms=500'],
  );
  assert.match(said, /Memory reducer: /);
  assert.doesNotMatch(said, /Memory reducer: (waiting|started)/);
});

/** What V8 says of a program in a tuned process. */
function run(program: string, flags: readonly string[]): string {
  const { href } = new URL('heap.ts', import.meta.url);
  const tuned = `import { tuneHeap } from ${JSON.stringify(href)};
    tuneHeap();
    ${program}`;
  const args = ['--expose-gc', ...flags, '--input-type=module', '--eval', tuned];
  return execFileSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
}
