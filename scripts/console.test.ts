import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { buildConsoleIfNeeded } from './console.mjs';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'credence-build-'));
  put('package-lock.json', '{}');
  put('packages/console/src/main.tsx', 'one');
  put('packages/server/package.json', '{}');
  // Stands in for Vite: counts, and copies the source.
  put(
    'scripts/build-console.ts',
    `import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
     const source = readFileSync('${root}/packages/console/src/main.tsx', 'utf8');
     appendFileSync('${root}/builds', 'x');
     if (source === 'broken') process.exit(1);
     mkdirSync(process.argv[2] ?? '', { recursive: true });
     writeFileSync(\`\${process.argv[2]}/index.html\`, source);`,
  );
});
afterEach(() => rmSync(root, { recursive: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
const built = () => readFileSync(join(root, 'packages/server/console/index.html'), 'utf8');
const builds = () => readFileSync(join(root, 'builds'), 'utf8').length;
const build = () => buildConsoleIfNeeded(root, process.execPath);

test('the console is built when its sources have changed, and only then', () => {
  build();
  build();
  assert.deepEqual([built(), builds()], ['one', 1]);
  put('packages/console/src/main.tsx', 'two');
  build();
  assert.deepEqual([built(), builds()], ['two', 2]);
  put('packages/console/src/pages/new.ts', '');
  build();
  put('package-lock.json', '{ "other": true }');
  build();
  assert.equal(builds(), 4);
});

test('a build that does not work leaves the old console where it was', () => {
  build();
  put('packages/console/src/main.tsx', 'broken');
  build();
  assert.equal(built(), 'one');
  put('packages/console/src/main.tsx', 'three');
  build();
  assert.equal(built(), 'three');
});
