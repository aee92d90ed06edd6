import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { publishDocument, starterDocuments } from '../documents.ts';
import { openHome } from '../home.ts';
import { openStore } from '../open-store.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const acme = (name: string) => fileURLToPath(new URL(`../../../../examples/acme/${name}`, import.meta.url));

function policyTest(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { CREDENCE_HOME: _home, ...env } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, [main, 'policy', 'test', ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

describe('credence policy test', () => {
  let folder: string;
  const file = (name: string) => join(folder, name);
  const marketing = 'person: { groups: [marketing] }, client: vscode, server: files';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credence-policy-test-'));
    await writeFile(
      file('differ.yaml'),
      `cases:
  - { name: as expected, ${marketing}, expect: { effect: allow } }
  - name: marketing writes
    ${marketing.slice(0, marketing.indexOf(','))}
    client: vscode
    server: files
    scopes: [files:write]
    expect: { effect: allow, scopes: [files:write], because: [engineering-all] }
  - { name: a misspelt server, person: {}, client: vscode, server: flies, expect: { effect: deny } }
`,
    );
    await writeFile(file('mistakes.yaml'), 'cases:\n  - { name: "", person: {} }\n');
  });
  after(() => rm(folder, { recursive: true }));

  test("Acme's tests hold of Acme's document: exit code 0", async () => {
    const { code, stdout, stderr } = await policyTest(acme('access.tests.yaml'), '--access', acme('access.yaml'));
    assert.deepEqual([code, stderr], [0, '']);
    const lines = stdout.trimEnd().split('\n');
    assert.match(lines.at(-1) ?? '', /access\.yaml: 7 of 7 as expected$/);
    assert.ok(
      lines.slice(0, -1).every((line) => line.startsWith('ok       ')),
      stdout,
    );
  });

  test('a case that differs says what was expected, what came, and why: exit code 1', async () => {
    const { code, stdout } = await policyTest(file('differ.yaml'), '--access', acme('access.yaml'));
    assert.equal(code, 1);
    assert.deepEqual(stdout.trimEnd().split('\n'), [
      'ok       as expected',
      `differs  marketing writes (${file('differ.yaml')}:3)`,
      '  expected  allow, scopes files:write, because engineering-all',
      '  actual    deny, scopes nothing, because nothing',
      '    files:write          not allowed  no rule allows it to this person through this client',
      '    marketing-reads-files: did not speak (allow); it is about files:read, none of them in question',
      '    engineering-all: did not speak (allow); the person is none of group:engineering',
      '    contractors-nothing: did not speak (deny); the person is none of role:contractor',
      `differs  a misspelt server (${file('differ.yaml')}:9)`,
      '  expected  deny',
      '  actual    deny, scopes nothing, because nothing',
      '    there is no server flies in this document; known: everything, files, memory',
      `${acme('access.yaml')}: 1 of 3 as expected, 2 not`,
    ]);
  });

  test('--json is one object for programs', async () => {
    const { code, stdout } = await policyTest(file('differ.yaml'), '--access', acme('access.yaml'), '--json');
    const said = JSON.parse(stdout);
    assert.equal(code, 1);
    assert.deepEqual([said.policy, said.differ], [{ document: acme('access.yaml') }, 2]);
    const [first, second] = said.cases;
    assert.deepEqual([first.name, first.line, first.outcome], ['as expected', 2, 'ok']);
    assert.deepEqual([second.expected.because, second.actual.effect], [['engineering-all'], 'deny']);
    assert.equal(second.explanation.rules[0].conditions[0].met, false);
  });

  test('without --access the version in force of the home is tested', async () => {
    const home = await openHome(file('home'));
    const store = await openStore(undefined, home, 'test');
    const origins = { idp: 'http://localhost:4000', ras: 'http://localhost:4001' };
    const publish = async () => {
      await publishDocument(store, 'access', file('access.yaml'), {
        starter: starterDocuments.access,
        nowMs: 1,
        origins,
      });
    };
    const run = () => policyTest(acme('access.tests.yaml'), '--home', file('home'));
    assert.match((await run()).stderr, /No access document is in force .*\n.*--access/);

    const document = await readFile(acme('access.yaml'), 'utf8');
    await writeFile(file('access.yaml'), document);
    await publish();
    const { code, stdout } = await run();
    assert.deepEqual(
      [code, stdout.trimEnd().split('\n').at(-1)],
      [0, 'version 1 of the access document: 7 of 7 as expected'],
    );

    await writeFile(file('access.yaml'), document.replace('[group:marketing]', '[group:sales]'));
    await publish();
    await store.close();
    const later = await run();
    assert.deepEqual([later.code, later.stdout.match(/^differs .*/gm)?.length], [1, 1]);
    assert.match(later.stdout, /^version 2 of the access document: 6 of 7/m);
  });

  const problems: [name: string, args: () => string[], told: RegExp][] = [
    ['no such file', () => [file('none.yaml'), '--access', acme('access.yaml')], /Cannot read .*none\.yaml/],
    [
      'a file with mistakes',
      () => [file('mistakes.yaml'), '--access', acme('access.yaml')],
      /\n {2}2:13 cases\[0\]\.name: /,
    ],
    ['no such document', () => [acme('access.tests.yaml'), '--access', file('none.yaml')], /Cannot read .*none\.yaml/],
    ['another document', () => [acme('access.tests.yaml'), '--access', acme('resource.yaml')], /trust: not known here/],
    ['no such home', () => [acme('access.tests.yaml'), '--home', file('nowhere')], /no credence home at/],
    [
      'a home and a document',
      () => [acme('access.tests.yaml'), '--home', folder, '--access', 'x'],
      /Give one of the two/,
    ],
  ];
  for (const [name, args, told] of problems) {
    test(`${name}: exit code 2, and nothing on standard output`, async () => {
      const { code, stdout, stderr } = await policyTest(...args());
      assert.deepEqual([code, stdout], [2, ''], stderr);
      assert.match(stderr, told);
      assert.doesNotMatch(stderr, /^ +at /m);
    });
  }
});
