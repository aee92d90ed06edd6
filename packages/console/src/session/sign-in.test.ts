import assert from 'node:assert/strict';
import { test } from 'node:test';
import { currentNeed, markSignedIn, needSignIn, settleSignIn, signInUrl } from './sign-in.ts';

test('a call that lacks a sign-in waits for it, and goes on when it is done', async () => {
  assert.equal(await needSignIn('out'), false, 'nobody was signed in: a page says so, nothing waits');
  assert.equal(markSignedIn('u_1'), true);
  const [old, out] = [needSignIn('old'), needSignIn('out')];
  assert.equal(currentNeed(), 'out', 'the stronger of the two');
  settleSignIn(true);
  assert.deepEqual(await Promise.all([old, out]), [true, true]);
  assert.equal(currentNeed(), undefined);
  const again = needSignIn('old');
  assert.equal(currentNeed(), 'old');
  settleSignIn(false);
  assert.equal(await again, false);
});

test('the way back survives the address of the sign-in', () => {
  assert.equal(signInUrl('/people?q=a&b=1'), '/sign-in?to=%2Fpeople%3Fq%3Da%26b%3D1');
  assert.equal(signInUrl('/x', true), '/sign-in?to=%2Fx&fresh=1');
});

test('the page is that of whoever it was drawn for first, whoever signs in later', () => {
  markSignedIn('u_1');
  assert.equal(markSignedIn('u_2'), false);
  assert.equal(markSignedIn('u_1'), true);
});
