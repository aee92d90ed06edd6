import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Audience } from '../../policy/model.ts';
import { subjectAt } from '../subject.ts';
import { ask, basic, claimsOf, signInAs, token } from './test-client.ts';
import { alice, openTestWorld, TestBrowser } from './test-world.ts';

const callback = 'https://portal.example/cb';

test('IDP-26: "same value as an ID Token for that RAS": whoever signs people in for a RAS hears of them by its ids', async (t) => {
  const world = await openTestWorld();
  t.after(() => world.close());
  const audience = { ras: 'https://lonely.example', subject: 'pairwise' } as Audience;
  const known = world.clients.get('portal');
  assert.ok(known);
  world.clients.set('portal', { ...known, exchange: false, subjectsOf: audience });
  const there = subjectAt(alice.id, audience.ras, audience, 'a secret of this organisation');
  assert.notEqual(there, alice.id);
  const ownSecret = basic('portal', world.secret);

  const browser = new TestBrowser(world.issuer);
  const asked = ask(world, 'portal', callback, { scope: 'openid offline_access', prompt: 'consent' });
  const code = String((await signInAs(browser, asked)).url.searchParams.get('code'));
  const form = { grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: asked.verifier };
  const first = await token(world, form, ownSecret);
  assert.equal(claimsOf(first.body.id_token).sub, there);
  const again = { grant_type: 'refresh_token', refresh_token: String(first.body.refresh_token) };
  const second = await token(world, again, ownSecret);
  assert.equal(claimsOf(second.body.id_token).sub, there);
  const userinfo = await fetch(`${world.issuer}/userinfo`, {
    headers: { authorization: `Bearer ${second.body.access_token}` },
  });
  assert.equal(((await userinfo.json()) as { sub?: string }).sub, there);
  assert.equal(world.notes.at(-1)?.facts.person, alice.id, 'the record says who it is');

  const silent = ask(world, 'portal', callback, { prompt: 'none', id_token_hint: String(first.body.id_token) });
  assert.ok((await browser.get(silent.url)).url.searchParams.get('code'), 'a hint by that id is understood');
  world.clients.set('portal', known);
  const elsewhere = ask(world, 'portal', callback, { prompt: 'none', id_token_hint: String(first.body.id_token) });
  assert.equal(
    (await browser.get(elsewhere.url)).url.searchParams.get('error'),
    'login_required',
    'and by nobody else',
  );
});
