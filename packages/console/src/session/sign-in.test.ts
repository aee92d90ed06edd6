import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import {
  announce,
  currentNeed,
  hear,
  markSignedIn,
  needSignIn,
  settleSignIn,
  signInUrl,
  watchSignIn,
} from './sign-in.ts';

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

test('whoever watches is told of each sign-in that was done, until they have enough', async () => {
  let count = 0;
  const end = watchSignIn(() => {
    count += 1;
  });
  settleSignIn(false);
  assert.equal(count, 0);
  settleSignIn(true);
  assert.equal(count, 1);
  end();
  settleSignIn(true);
  assert.equal(count, 1);
});

test('another window hears what is for it, and what it says itself it does not hear', { timeout: 5000 }, async () => {
  const Channel = globalThis.BroadcastChannel;
  const open: BroadcastChannel[] = [];
  globalThis.BroadcastChannel = class extends Channel {
    constructor(name: string) {
      super(name);
      open.push(this);
    }
  };
  const heard: string[] = [];
  const ends = (['in', 'out'] as const).map((news) => hear(news, () => heard.push(news)));
  const other = new Channel('credence-session');
  const asked = new Promise<unknown>((resolve) => {
    other.addEventListener('message', ({ data }: MessageEvent) => resolve(data), { once: true });
  });
  announce('in');
  assert.equal(await asked, 'in');
  assert.deepEqual(heard, []);
  other.postMessage('out');
  while (heard.length === 0) await setImmediate();
  assert.deepEqual(heard, ['out']);
  for (const end of ends) end();
  globalThis.BroadcastChannel = Channel;
  for (const channel of [...open, other]) channel.close();
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
