import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import Provider from 'oidc-provider';
import { generatePrivateJwk } from '../../keys/signer.ts';
import { keepAuthTime, secondsLeft, toLoginTime } from './session-times.ts';
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

describe('when the person proved who they are', () => {
  const now = 10_000;
  const { Session } = newProvider();
  const signedIn = (loginTs: number | undefined) => {
    const session = new Session();
    session.loginAccount({ accountId: 'u_1', ...(loginTs !== undefined && { loginTs }) });
    return session;
  };

  function newProvider() {
    const provider = new Provider('https://id.acme.example', {
      adapter: () => assert.fail('nothing is kept here'),
      features: { devInteractions: { enabled: false } },
      jwks: { keys: [generatePrivateJwk('RS256')] },
    });
    keepAuthTime(provider, () => now);
    return provider;
  }

  const table: [name: string, loginTs: number, authTime: number | undefined, startedAt: number][] = [
    ['here: as the sign-in began', 9_900, 9_900, 9_900],
    ['at an upstream, before: then', toLoginTime(9_900, 5_000), 5_000, 9_900],
    ['at an upstream that does not say: not known', toLoginTime(9_900, undefined), undefined, 9_900],
  ];
  for (const [name, loginTs, authTime, startedAt] of table) {
    test(name, () => {
      const session = signedIn(loginTs);
      assert.equal(session.authTime(), authTime);
      assert.equal(session.loginTs, startedAt);
    });
  }

  test('max_age is held against it: reached is not past, and what is not known is', () => {
    const session = signedIn(toLoginTime(9_990, 9_900));
    assert.deepEqual([session.past(100), session.past(99)], [false, true]);
    assert.equal(signedIn(toLoginTime(9_990, undefined)).past(1_000_000), true);
  });

  test('is kept with the session', () => {
    assert.ok((Session as unknown as { IN_PAYLOAD: string[] }).IN_PAYLOAD.includes('authenticatedAt'));
  });

  test('an oidc-provider that keeps its sessions in another way is not taken', () => {
    const provider = { Session: class {} } as unknown as Provider;
    assert.throws(() => keepAuthTime(provider, () => now), /keeps its sessions in another way/);
  });
});
