import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { connect, textOf } from '../examples/acme/agent.ts';
import { serverNamed } from '../examples/acme/demo-file.ts';
import { type Ended, runCredence, startServer } from '../examples/acme/server-process.ts';
import { freePorts } from '../packages/server/src/store/contract/free-ports.ts';
import { mintServerCertificate } from '../packages/server/src/tls/certificate.ts';
import { agentOf, onEnd, portFlags, startAcme, stopWell, temporaryHome } from './harness.ts';

/** One clear message: exit code 2, the thing and the way out by name, nothing that looks like a stack. */
function assertProblem({ code, stdout, stderr }: Ended, ...names: readonly (string | RegExp)[]): void {
  assert.equal(code, 2, stdout + stderr);
  for (const name of names)
    assert.ok(typeof name === 'string' ? stderr.includes(name) : name.test(stderr), `${name}:\n${stderr}`);
  assert.doesNotMatch(stderr, /^ +at |node:internal|\.ts:\d+/m);
  const lines = stderr.trimEnd().split('\n');
  assert.match(lines[0] ?? '', /^credence: \S/);
  assert.ok(lines.length >= 2, `no way out:\n${stderr}`);
}

async function serve(home: string, ...flags: string[]): Promise<Ended> {
  return runCredence(['serve', '--home', home, ...(await portFlags()), ...flags]);
}

/** Where the home is a folder that does not exist yet, so that one can see what a failed start leaves behind. */
async function unborn(t: TestContext): Promise<string> {
  return join(await temporaryHome(t), 'home');
}

async function contentOf(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

describe('bad input: one message that names the thing and the way out, exit code 2, nothing half-written', () => {
  const flagTable: [name: string, flags: string[], names: (string | RegExp)[]][] = [
    ['an unknown flag', ['--verbose'], ['--verbose', '--help']],
    ['an unknown role', ['--role', 'idq'], ['idq', 'gateway']],
    ['a port that is not a number', ['--idp-port', 'http'], ['port']],
    ['a port beyond 65535', ['--ras-port', '70000'], ['ras.port', '65535']],
    ['a negative port', ['--admin-port=-1'], ['admin.port']],
    ['a demo that would listen on every address', ['--demo', '--host', '0.0.0.0'], ['--demo', '0.0.0.0']],
    ['clear http on every address', ['--host', '0.0.0.0'], ['tls', '0.0.0.0']],
    ['an operand that nobody asked for', ['please'], [/please|argument/]],
  ];
  for (const [name, flags, names] of flagTable) {
    test(name, async (t) => {
      const home = await unborn(t);
      assertProblem(await serve(home, ...flags), ...names);
      assert.deepEqual(await contentOf(home), []);
    });
  }

  test('an unknown command', async () => {
    assertProblem(await runCredence(['sreve']), 'sreve', '--help');
  });

  const configTable: [name: string, text: string, names: (string | RegExp)[]][] = [
    ['broken YAML', 'idp:\n  port: [4000\n', ['credence.yaml', /YAML/i, /line \d/]],
    ['a list at the top', '- idp\n', ['credence.yaml']],
    ['an unknown key', 'idp: { prot: 4000 }\n', ['idp', 'prot']],
    [
      'several mistakes, all told',
      'skewSeconds: 900\nidp: { issuer: "http://id.acme.example/" }\n',
      ['skewSeconds', 'idp.issuer'],
    ],
    [
      'one issuer for both domains',
      'idp: { issuer: "https://a.example" }\nras: { issuer: "https://a.example" }\n',
      ['IDP-34'],
    ],
  ];
  for (const [name, text, names] of configTable) {
    test(`configuration: ${name}`, async (t) => {
      const home = await unborn(t);
      const file = join(home, '../credence.yaml');
      await writeFile(file, text);
      assertProblem(await serve(home, '--config', file), ...names);
      assert.deepEqual(await contentOf(home), []);
    });
  }

  test('configuration: a file that is not there', async (t) => {
    const home = await unborn(t);
    assertProblem(await serve(home, '--config', join(home, 'nowhere.yaml')), 'nowhere.yaml');
    assert.deepEqual(await contentOf(home), []);
  });

  test('configuration: a folder in place of the file', async (t) => {
    const home = await unborn(t);
    assertProblem(await serve(home, '--config', join(home, '..')), 'folder');
    assert.deepEqual(await contentOf(home), []);
  });

  test('TLS-01: a key and a certificate that are no pair', async (t) => {
    const home = await temporaryHome(t);
    const pair = () => {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const keys = { subjectKey: publicKey, issuerKey: { public: publicKey, private: privateKey } };
      const order = { subject: 'x', issuer: 'x', ...keys, notBefore: 1_700_000_000, notAfter: 1_800_000_000 };
      const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      return { key, cert: mintServerCertificate(order, ['localhost'], []) };
    };
    const ours = pair();
    await writeFile(join(home, 'credence.yaml'), 'tls: { key: key.pem, cert: cert.pem }\n');
    const wrong: [what: string, key: string, cert: string][] = [
      ['the key of another', pair().key, ours.cert],
      ['an empty certificate', ours.key, ''],
      ['an empty key', '', ours.cert],
      ['no PEM', ours.key, 'certificate'],
    ];
    for (const [what, key, cert] of wrong) {
      await writeFile(join(home, 'key.pem'), key);
      await writeFile(join(home, 'cert.pem'), cert);
      t.diagnostic(what);
      assertProblem(await serve(home), 'key.pem', 'cert.pem', 'no pair');
    }
  });

  test('a policy document with a mistake: its line', async (t) => {
    const home = await temporaryHome(t);
    await writeFile(
      join(home, 'access.yaml'),
      'servers: {}\nclients: {}\nrules:\n  - { id: x, allow: all, on: nowhere, to: [everyone] }\n',
    );
    assertProblem(await serve(home), 'access.yaml', /4:\d+/, 'nowhere', 'credence policy check');
  });

  test('a port in use', async (t) => {
    const occupant = createServer();
    const [port] = await freePorts(1);
    await new Promise<void>((resolve) => occupant.listen(port, 'localhost', resolve));
    t.after(() => occupant.close());
    const home = await temporaryHome(t);
    assertProblem(await serve(home, `--ras-port=${port}`), String(port), 'in use', '--ras-port');
  });

  test('a home that others may read', async (t) => {
    const home = await temporaryHome(t);
    await chmod(home, 0o755);
    assertProblem(await serve(home), home, /chmod 0?700/);
    assert.deepEqual(await contentOf(home), []);
  });

  test('a home that is a file', async (t) => {
    const home = await unborn(t);
    await writeFile(home, '');
    assertProblem(await serve(home), home);
  });

  test('a home written by a newer version', async (t) => {
    const acme = await startAcme(t);
    await acme.server.stop();
    const [file = ''] = (await readdir(acme.home)).filter((name) => /\.(db|sqlite)$/.test(name));
    const database = new DatabaseSync(join(acme.home, file));
    database
      .prepare('INSERT INTO kysely_migration (name, timestamp) VALUES (?, ?)')
      .run('9999_from_the_future', '2030');
    database.close();
    assertProblem(await runCredence(['serve', ...acme.flags]), acme.home, /newer/);
  });

  test('T21: a home whose restore was killed, with its keys and no store yet', async (t) => {
    const acme = await startAcme(t);
    await acme.server.stop();
    const backup = join(acme.home, '..', 'x.backup');
    const made = await runCredence(['backup', '--home', acme.home, '--to', backup, '--with-secrets']);
    assert.equal(made.code, 0, made.stderr);
    const home = join(acme.home, '..', 'restored');
    const restore = () => runCredence(['restore', backup, '--home', home, '--reason', 'a test']);
    assert.equal((await restore()).code, 0);
    // As it is between the keys and the store.
    await rm(join(home, 'store.db'));
    await writeFile(join(home, 'restore-under-way'), '');
    assertProblem(await serve(home), /restore .* did not come to its end/, home);
    assert.ok(!(await contentOf(home)).includes('store.db'), 'no new store beside the old keys');
    assert.equal((await restore()).code, 0, 'it goes on');
  });

  test('a second process on the same home', async (t) => {
    const acme = await startAcme(t);
    assertProblem(await serve(acme.home, '--demo'), acme.home, String(acme.server.pid));
    assert.equal((await fetch(`${acme.demo.idp.issuer}/jwks`)).status, 200, 'the first goes on');
  });

  test('after kill -9 the home is free again', async (t) => {
    const acme = await startAcme(t);
    await acme.server.stop('SIGKILL');
    const again = await startServer(acme.flags);
    onEnd(t, () => stopWell(again));
  });

  test('explain and audit of a home that is none', async (t) => {
    const home = await unborn(t);
    await mkdir(home, { mode: 0o700 });
    assertProblem(await runCredence(['audit', 'export', '--json', '--home', home]), home);
    assertProblem(await runCredence(['explain', 'd_nothing', '--home', home]), home);
    assert.deepEqual(await contentOf(home), []);
  });
});

test('commands beside a server go by the configuration that it was started with', async (t) => {
  const home = await temporaryHome(t);
  const config = join(home, '..', 'elsewhere.yaml');
  const keys = join(home, '..', 'keys');
  await mkdir(keys, { mode: 0o700 });
  await writeFile(config, 'keys: { folder: keys }\n');
  const server = await startServer(['--role', 'idp', '--home', home, '--config', config, ...(await portFlags())]);
  onEnd(t, () => stopWell(server));
  const rotated = await runCredence(['keys', 'rotate', 'id_jag', '--home', home, '--json']);
  assert.equal(rotated.code, 0, rotated.stderr);
  const { kid } = JSON.parse(rotated.stdout) as { kid: string };
  assert.ok((await readFile(join(keys, 'id_jag.keys'), 'utf8')).includes(kid), 'the keys that the server uses');
  const made = await runCredence(['client', 'secret', 'new', 'idp', 'claude-code', '--home', home]);
  assert.equal(made.code, 0, made.stderr);
});

describe('start and stop', () => {
  test('warm, the ready line is there in under 2 seconds, with the three addresses', async (t) => {
    const acme = await startAcme(t);
    await acme.server.stop();
    const again = await startServer(acme.flags);
    onEnd(t, () => stopWell(again));
    t.diagnostic(`ready after ${Math.round(again.readyMs)} ms`);
    assert.ok(again.readyMs < 2000, `${again.readyMs} ms`);
    const { idp, ras, admin } = acme.demo;
    for (const url of [idp.issuer, ras.issuer, admin.url]) assert.ok(again.output().includes(url), again.output());
  });

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    test(`${signal} ends it cleanly, also with idle connections, a session and its stream`, async (t) => {
      const acme = await startAcme(t);
      await fetch(`${acme.demo.idp.issuer}/jwks`); // leaves a connection open
      const connection = await connect(
        acme.demo,
        serverNamed(acme.demo, 'everything'),
        await agentOf(acme.demo, 'alice'),
      );
      t.after(() => connection.client.close());
      const startedAt = performance.now();
      const { code, stderr } = await acme.server.stop(signal);
      assert.equal(code, 0, stderr);
      assert.ok(performance.now() - startedAt < 5000, `${performance.now() - startedAt} ms`);
    });
  }

  test('a call under way gets its answer before the end', async (t) => {
    const acme = await startAcme(t);
    const agent = await agentOf(acme.demo, 'alice');
    const { client } = await connect(acme.demo, serverNamed(acme.demo, 'everything'), agent);
    t.after(() => client.close());
    const call = client.callTool({ name: 'trigger-long-running-operation', arguments: { duration: 1, steps: 2 } });
    await wait(300);
    const [result, { code }] = await Promise.all([call, acme.server.stop()]);
    assert.match(textOf(result), /completed/i);
    assert.equal(code, 0);
  });
});
