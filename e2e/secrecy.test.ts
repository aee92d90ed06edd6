import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { clientNamed, serverNamed, userNamed } from '../examples/acme/demo-file.ts';
import { runCredence } from '../examples/acme/server-process.ts';
import { signIn } from '../examples/acme/sign-in.ts';
import { entered, visitAll } from '../examples/acme/visits.ts';
import { type Eavesdropper, eavesdrop, lookLikeSecrets, spellingsOf } from './eavesdropper.ts';
import {
  type Acme,
  issue,
  metricsOf,
  postForm,
  redeem,
  secretOf,
  startAcme,
  suiteScope,
  temporaryHome,
  tokenOf,
} from './harness.ts';

const sdk = fileURLToPath(new URL('otel.mjs', import.meta.url));
const form = { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } };

/** Everything that came out of one whole run, by where it came out. */
const output = new Map<string, string>();
/** Addresses of programs and servers that mind what they do. */
const addresses: string[] = [];
let ear: Eavesdropper;
let acme: Acme;

/** A command whose output is for the operator's eyes, and is searched. */
async function command(...args: string[]): Promise<string> {
  const { stdout, stderr } = await runCredence([...args, '--home', acme.home], { timeoutMs: 60_000 });
  output.set(`credence ${args.join(' ')}`, stdout + stderr);
  return stdout;
}

/** A command that shows a secret, which it is for: that one is to be found nowhere else. */
async function shown(what: string, pattern: RegExp, ...args: string[]): Promise<void> {
  const { stdout, stderr } = await runCredence([...args, '--home', acme.home], { timeoutMs: 60_000 });
  const [, secret] = pattern.exec(stdout) ?? assert.fail(`${args.join(' ')}: ${stdout}${stderr}`);
  ear.add(what, secret);
}

async function keysOfHome(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const text = await readFile(join(folder, name), 'utf8');
    for (const [, d] of text.matchAll(/"d": ?"([^"]+)"/g)) ear.add(`private key of ${name}`, d);
    if (!text.startsWith('{') && !text.startsWith('[')) ear.add(`secret ${name}`, text.trim());
  }
}

/** Checkpoints of the record are signed like tokens, say nothing but sizes and hashes, and are meant to be shown to anybody. */
function withoutCheckpoints(text: string): string {
  return text.replace(/(eyJ[\w-]+)\.[\w-]+\.[\w-]+/g, (jwt, header: string) => {
    const { typ } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { typ?: unknown };
    return typ === 'credence-checkpoint+jwt' ? 'a checkpoint' : jwt;
  });
}

/** A company's morning: people sign in, their agents go to all servers, and some of it is refused. */
async function work(): Promise<void> {
  const { demo } = acme;
  for (const { password } of demo.users) ear.add('password', password);
  for (const { idp, ras } of demo.clients) {
    ear.add('client_secret', idp?.client_secret);
    ear.add('client_secret', ras?.client_secret);
  }
  const visits = [...(await visitAll(demo, 'alice', 'claude-code')), ...(await visitAll(demo, 'carol', 'claude-code'))];
  assert.ok(visits.some(entered) && visits.some((visit) => !entered(visit)));

  const { idp, ras } = clientNamed(demo, 'claude-code');
  const { email, password } = userNamed(demo, 'alice');
  const signedIn = await signIn({ issuer: demo.idp.issuer, client: idp, email, password });
  await signIn({ issuer: demo.idp.issuer, client: idp, email, password: 'not-her-password' }).catch(() => undefined);
  const server = serverNamed(demo, 'everything');
  const jag = tokenOf(await issue(demo, server, signedIn.id_token, secretOf(idp)));
  const access = tokenOf(await redeem(demo, jag, secretOf(ras)));
  await redeem(demo, jag, secretOf(ras));
  await issue(demo, server, signedIn.id_token, { client_id: idp.client_id, client_secret: 'not-its-secret' });

  // While nothing can be written: a fault of ours, of which the log speaks.
  const holder = new DatabaseSync(join(acme.home, 'store.db'));
  holder.exec('BEGIN IMMEDIATE');
  assert.equal((await issue(demo, server, signedIn.id_token, secretOf(idp))).status, 503);
  holder.close();

  const token = `${demo.idp.issuer}/token`;
  const refresh = { grant_type: 'refresh_token', refresh_token: String(signedIn.refresh_token), ...secretOf(idp) };
  assert.equal((await postForm(token, refresh)).status, 200);
  await postForm(token, refresh);
  addresses.push(...ear.addresses);
  await misplace({ access, idToken: signedIn.id_token, jag, password });
}

/** What people and programs send to the wrong place ends up where nobody expects it. */
async function misplace({ access, idToken, jag, password }: Record<'access' | 'idToken' | 'jag' | 'password', string>) {
  const { demo } = acme;
  const { idp } = clientNamed(demo, 'claude-code');
  const { resource } = serverNamed(demo, 'everything');
  const misplaced = { fetch: (url: string, init?: RequestInit) => fetch(url, init).then((answer) => answer.text()) };
  for (const secret of [access, idToken, jag, password]) {
    const inQuery = encodeURIComponent(secret);
    await misplaced.fetch(`${resource}?access_token=${inQuery}`, { method: 'POST', body: '{}' });
    await misplaced.fetch(`${demo.idp.issuer}/token?subject_token=${inQuery}`, { ...form, body: 'grant_type=x' });
    await misplaced.fetch(`${demo.idp.issuer}/${inQuery}`);
    await misplaced.fetch(`${demo.idp.issuer}/auth?client_id=${inQuery}&scope=${inQuery}&state=${inQuery}`);
    await misplaced.fetch(resource, { method: 'POST', headers: { authorization: `Bearer ${secret}x` }, body: secret });
    await misplaced.fetch(`${demo.ras.issuer}/events`, { method: 'POST', body: secret });
    for (const name of [
      'client_id',
      'grant_type',
      'scope',
      'resource',
      'audience',
      'assertion',
      'subject_token_type',
    ]) {
      for (const url of [`${demo.idp.issuer}/token`, `${demo.ras.issuer}/token`, `${demo.ras.issuer}/introspect`]) {
        await postForm(url, {
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          ...secretOf(idp),
          [name]: secret,
        });
      }
    }
  }
  await misplaced.fetch(`${demo.idp.issuer}/scim/v2/Users`, { headers: { authorization: `Bearer ${access}` } });
}

/** What the sign-in keeps under its own value until it expires: a known limit (docs/threat-model.md). */
function isKept(secret: string, what: string): boolean {
  if (what.startsWith('cookie') || what === 'code' || what === 'refresh_token') return true;
  return what === 'access_token' && !secret.startsWith('eyJ');
}

describe('LOG-01, T25: nothing that came out of a whole run is a secret', () => {
  const scope = suiteScope(after);

  before(async () => {
    ear = eavesdrop();
    const home = await temporaryHome(scope);
    await writeFile(join(home, 'credence.yaml'), 'log: { level: debug, requests: true }\n', { mode: 0o600 });
    const spansFile = join(dirname(home), 'spans.jsonl');
    const env = { ...process.env, NODE_OPTIONS: `--import=${sdk}`, SPANS_FILE: spansFile };
    const extraFlags = ['--metrics-port', '0'];
    acme = await startAcme(scope, { home, env, extraFlags, timeoutMs: 60_000 });
    await work();

    await shown('client secret', /([\w-]{40,})/, 'client', 'secret', 'new', 'idp', 'claude-code');
    await shown('SCIM token', /(\S{40,})/, 'scim', 'token', 'create', '--source', 'okta');
    const program = ['--for', 'dana@acme.example', '--name', 'reader', '--scope', 'read:audit', '--days', '9'];
    await shown('API token', /(\S{40,})/, 'api-token', 'create', ...program);
    await shown('link', /https?:\/\/\S+?([\w-]{40,})/, 'person', 'invite', 'erin@acme.example', '--name', 'Erin');
    output.set('metrics', await (await fetch(metricsOf(acme))).text());
    for (const args of [
      ['audit', 'export', '--json'],
      ['audit', 'tail', '-n', '500'],
      ['audit', 'list', '--limit', '500', '--json'],
      ['person', 'list'],
      ['person', 'links', 'list'],
      ['person', 'factors', 'list', 'alice@acme.example'],
      ['client', 'secret', 'list', 'idp'],
      ['scim', 'token', 'list'],
      ['api-token', 'list'],
      ['session', 'list', 'alice@acme.example'],
      ['account', 'list'],
      ['keys', 'list', '--json'],
      ['policy', 'check'],
    ]) {
      await command(...args);
    }
    const refused = ear.refusals.flatMap((text) => /\b(d_[\w-]+)/.exec(text)?.[1] ?? []);
    for (const id of new Set([refused[0], refused.at(-1)])) await command('explain', String(id));
    await command('audit', 'trace', String(refused[0]), '--json');
    await keysOfHome(join(home, 'keys'));
    const { stdout, stderr } = await acme.server.stop();
    output.set('standard output', stdout);
    output.set('standard error', stderr);
    output.set('spans', await readFile(spansFile, 'utf8'));
    output.set('refusals and error pages', ear.refusals.join('\n'));
    ear.close();
  });

  test('the run was a whole one', () => {
    const kinds = new Set(ear.secrets.values());
    for (const kind of [
      'password',
      'client_secret',
      'code',
      'code_verifier',
      'id_token',
      'access_token',
      'refresh_token',
      'assertion',
      'authorization',
      'link',
      'SCIM token',
    ]) {
      assert.ok(kinds.has(kind), kind);
    }
    assert.ok(
      [...kinds].some((kind) => kind.startsWith('cookie')) && [...kinds].some((kind) => kind.startsWith('private key')),
    );
    for (const [where, text] of output) assert.ok(text.length > 0, where);
    assert.match(output.get('standard error') ?? '', /"msg":"request"[\s\S]*"a request met a fault"/);
    for (const kind of ['sign_in', 'issuance', 'redemption', 'tool_call', 'refusal', 'decision']) {
      assert.match(
        output.get('audit export --json') ?? output.get('credence audit export --json') ?? '',
        new RegExp(`"kind":"${kind}"`),
      );
    }
  });

  test('none of the secrets that were used, however spelt', () => {
    const found: string[] = [];
    for (const [secret, what] of ear.secrets) {
      // What names a page, or is in its form, is in the page; what a person shows at its address is no more than that.
      const isPage = what === 'token' || /^cookie .*(?:interaction|resume)/.test(what);
      for (const [where, text] of output) {
        if (isPage && where === 'refusals and error pages') continue;
        if (spellingsOf(secret).some((spelling) => text.includes(spelling))) found.push(`${what} in ${where}`);
      }
    }
    assert.deepEqual([...new Set(found)], []);
  });

  test('nor the signature of a token, by which it could be completed', () => {
    const signatures = [...ear.secrets.keys()].flatMap(
      (secret) => /^eyJ[\w-]+\.[\w-]+\.([\w-]{20,})$/.exec(secret)?.[1] ?? [],
    );
    assert.ok(signatures.length > 5);
    for (const [where, text] of output) for (const signature of signatures) assert.ok(!text.includes(signature), where);
  });

  for (const [what, pattern] of lookLikeSecrets) {
    test(`nor anything that looks like ${what}`, () => {
      for (const [where, text] of output) {
        const found = pattern.exec(withoutCheckpoints(text));
        assert.equal(
          found,
          null,
          `${where}: ${text.slice(Math.max(0, (found?.index ?? 0) - 80), (found?.index ?? 0) + 40)}`,
        );
      }
    });
  }

  test('no address that a server led to, or a program asked for by itself, holds one; a code goes to its client only', () => {
    const found = new Set<string>();
    for (const [secret, what] of ear.secrets) {
      if (what === 'code' || what.startsWith('cookie')) continue;
      for (const address of addresses)
        if (spellingsOf(secret).some((spelling) => address.includes(spelling))) found.add(`${what}: ${address}`);
    }
    assert.deepEqual([...found], []);
    const codes = [...ear.secrets].filter(([, what]) => what === 'code').map(([code]) => code);
    const withCode = addresses.filter((address) => codes.some((code) => address.includes(code)));
    assert.ok(
      withCode.length >= 3 && withCode.every((address) => address.startsWith('http://127.0.0.1:53682/callback?')),
      withCode.join('\n'),
    );
  });

  test('T25: nor does the store hold one, for whoever reads the file', async () => {
    const found = new Set<string>();
    for (const name of ['store.db', 'store.db-wal']) {
      const bytes = await readFile(join(acme.home, name), 'latin1').catch(() => '');
      for (const [secret, what] of ear.secrets) if (!isKept(secret, what) && bytes.includes(secret)) found.add(what);
    }
    assert.deepEqual([...found], []);
  });
});
