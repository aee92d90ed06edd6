import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

test('what lives long may double, and no more, before V8 looks through all of it again', () => {
  const { href } = new URL('heap.ts', import.meta.url);
  const program = `import { letHeapDouble } from ${JSON.stringify(href)};
    letHeapDouble();
    const kept = Array.from({ length: 1_000_000 }, (_, at) => ({ at, of: [at, at, at] }));
    gc();
    console.log(kept.length);`;
  const flags = ['--expose-gc', '--trace-gc', '--trace-gc-verbose', '--input-type=module', '--eval', program];
  const said = execFileSync(process.execPath, flags, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const [, size, limit] =
    [...said.matchAll(/HeapController\] Limit: old size: (\d+) KB, new limit: (\d+) KB/g)].at(-1) ?? [];
  // The young part has its own room on top: 64 MB at most.
  const roomForYoung = Number(limit) - 2 * Number(size);
  assert.ok(roomForYoung >= 0 && roomForYoung <= 66_000, `${size} KB, then looked through at ${limit} KB`);
});
