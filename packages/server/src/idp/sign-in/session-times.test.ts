import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { secondsLeft } from './session-times.ts';
import { ask, signInAs } from './test-client.ts';
import { openTestWorld, TestBrowser } from './test-world.ts';

describe('how long a session lasts', () => {
  const limits = { sessionSeconds: 1000, sessionIdleSeconds: 100, signingInSeconds: 50, now: 10_000 };
  const table: [name: string, loginTs: number | undefined, change: object, seconds: number][] = [
    ['just signed in: until it is idle', 10_000, {}, 100],
    ['used later: again until it is idle', 9_500, {}, 100],
    ['near its end: no longer than that', 9_050, {}, 50],
    ['at its end', 9_000, {}, 1],
    ['long over', 1, {}, 1],
    ['without an idle limit: to its end', 9_500, { sessionIdleSeconds: undefined }, 500],
    ['nobody signed in yet', undefined, {}, 50],
  ];
  for (const [name, loginTs, change, seconds] of table) {
    test(name, () => assert.equal(secondsLeft(loginTs, { ...limits, ...change }), seconds));
  }

  test('the idle limit ends a session that nobody uses, and using it keeps it', async () => {
    const world = await openTestWorld(undefined, undefined, undefined, () => ({ sessionIdleSeconds: 3 }));
    try {
      const browser = new TestBrowser(world.issuer);
      const silent = () => browser.get(ask(world, 'portal', 'https://portal.example/cb', { prompt: 'none' }).url);
      await signInAs(browser, ask(world, 'portal', 'https://portal.example/cb'));
      for (const _ of [1, 2]) {
        await new Promise((resolve) => setTimeout(resolve, 1700));
        assert.ok((await silent()).url.searchParams.get('code'));
      }
      await new Promise((resolve) => setTimeout(resolve, 4100));
      assert.equal((await silent()).url.searchParams.get('error'), 'login_required');
    } finally {
      await world.close();
    }
  });
});
