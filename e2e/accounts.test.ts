import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCredence } from '../examples/acme/server-process.ts';
import { exportAudit, startAcme } from './harness.ts';

const okta = 'https://acme.okta.com';

test('accounts and ids elsewhere are kept by command, beside a running server, and each act is on the record', async (t) => {
  const { home } = await startAcme(t);
  const run = (...args: string[]) => runCredence([...args, '--home', home]);
  const wordsOf = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(...args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const refusalOf = async (...args: string[]) => {
    const { code, stderr } = await run(...args);
    assert.equal(code, 2, stderr);
    return stderr;
  };

  const bySubject = (await wordsOf('account', 'add', okta, '00u1')).trim();
  const byEmail = (await wordsOf('account', 'add', okta, '--email', 'Erin@acme.example', '--tenant', 'acme')).trim();
  assert.match(await refusalOf('account', 'add', okta, '--email', 'erin@acme.example', '--tenant', 'acme'), /already/);
  assert.match(await refusalOf('account', 'add', okta), /Name the subject, or an address/);
  assert.match(await refusalOf('account', 'add', okta, '00u1', '--email', 'a@b.example'), /and not both/);
  assert.match(await refusalOf('account', 'add', okta, '--email', 'erin.\u212A@acme.example'), /not an e-mail address/);
  assert.match(await refusalOf('account', 'off', okta, '--email', 'erin@acme.example'), /no account for erin@acme/);
  await wordsOf('account', 'off', okta, '--email', 'erin@acme.example', '--tenant', 'acme');
  const listed = (await wordsOf('account', 'list', '--json'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const one = (id: string) => listed.find((account) => account.id === id);
  assert.deepEqual(one(bySubject), { id: bySubject, issuer: okta, subject: '00u1', active: true });
  assert.deepEqual(one(byEmail), {
    id: byEmail,
    issuer: okta,
    tenant: 'acme',
    email: 'erin@acme.example',
    active: false,
  });
  assert.match(await wordsOf('account', 'list'), new RegExp(`${byEmail}  off  ${okta}  acme  \\(no subject yet\\)`));

  await wordsOf('person', 'id-at', 'alice@acme.example', okta, 'U019');
  assert.match(await refusalOf('person', 'id-at', 'bob@acme.example', okta, 'U019'), /no person|has this id/);
  await wordsOf('person', 'id-at', 'alice@acme.example', okta);

  const acts = (await exportAudit(home)).map(({ detail }) => String(detail));
  for (const act of [
    'account added',
    'account added, to be linked',
    'account switched off',
    `id at ${okta} set`,
    'taken away',
  ]) {
    assert.ok(
      acts.some((detail) => detail.includes(act)),
      act,
    );
  }
});
