import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AdminWorld, adminRefused, adminUrl, openAdminWorld } from './admin-world.ts';

// The record as it is written, and in numbers.

type Event = { id?: string; event?: string; data?: { id?: string; person?: string; lines?: number } };

/** Follows the record; `next` resolves to the next event that is no heartbeat. */
async function follow(world: AdminWorld, headers: Record<string, string>, query = '') {
  const response = await world.app.fetch(new Request(`${adminUrl}/api/v1/live${query}`, { headers }));
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  assert.equal(response.headers.get('cache-control'), 'no-store');
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = '';
  return {
    next: async (): Promise<Event | undefined> => {
      for (;;) {
        const end = text.indexOf('\n\n');
        if (end < 0) {
          const { done, value } = await reader.read();
          if (done) return undefined;
          text += decoder.decode(value);
          continue;
        }
        const lines = text.slice(0, end).split('\n');
        text = text.slice(end + 2);
        const event: Event = {};
        for (const line of lines) {
          const [name = '', value = ''] = [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)];
          if (name === 'id' || name === 'event') event[name] = value;
          if (name === 'data') event.data = JSON.parse(value);
        }
        if (event.event !== undefined) return event;
      }
    },
    cancel: () => reader.cancel(),
  };
}

describe('the record as it is written', () => {
  test('comes line by line from now on, and only what was asked for', async () => {
    const world = await openAdminWorld();
    await world.exchange();
    const { headers } = await world.browserOf('auditor');
    const live = await follow(world, headers, '?client=claude-code&kind=issuance');
    assert.equal((await live.next())?.event, 'ready');
    await world.exchange({ client_secret: 'wrong' });
    const { record } = await world.exchange();
    const seen = await live.next();
    assert.deepEqual([seen?.event, seen?.data?.id], ['record', record.id]);
    assert.equal(seen?.data?.person, 'u_alice');
    await live.cancel();
    assert.equal(world.services.live.count(), 0);
  });

  test('goes on where it broke off', async () => {
    const world = await openAdminWorld();
    const { headers } = await world.browserOf('auditor');
    const first = await follow(world, headers);
    const ready = await first.next();
    await first.cancel();
    const { record } = await world.exchange();
    const again = await follow(world, { ...headers, 'last-event-id': ready?.id ?? '' });
    await again.next();
    assert.equal((await again.next())?.data?.id, record.id);
    await again.cancel();
    const odd = await world.send('GET', '/live', { headers: { ...headers, 'last-event-id': 'x' } });
    await adminRefused(world, odd, 'api_value_invalid', { isRecorded: false });
  });

  test('whoever missed too much is told how much, and hears the newest', async () => {
    const world = await openAdminWorld();
    const { headers } = await world.browserOf('auditor');
    const lines = Array.from({ length: 2500 }, (_, at) => ({
      id: `line-${at}`,
      kind: 'system',
      timeMs: world.clock.ms,
      body: JSON.stringify({ v: 2, id: `line-${at}`, kind: 'system', domain: 'system', outcome: 'allowed', timeMs: 1 }),
    }));
    await world.store.commit({ marks: [], records: lines });
    const live = await follow(world, { ...headers, 'last-event-id': '0' });
    await live.next();
    const skipped = await live.next();
    assert.equal(skipped?.event, 'skipped');
    assert.ok(Number(skipped?.data?.lines) >= 2400);
    const next = await live.next();
    assert.equal(next?.data?.id, 'line-2400');
    await live.cancel();
  });

  for (const how of ['session', 'token'] as const) {
    test(`goes on for whoever still may, by ${how}, and ends with the permission`, async () => {
      const world = await openAdminWorld();
      const headers =
        how === 'session'
          ? (await world.browserOf('auditor')).headers
          : { authorization: `Bearer ${await world.tokenOf('auditor')}` };
      const live = await follow(world, headers);
      await live.next();
      for (let time = 0; time < 2; time += 1) {
        world.clock.ms += 2000;
        const { record } = await world.exchange();
        assert.equal((await live.next())?.data?.id, record.id);
      }
      await world.store.administrators.grant({ personId: 'u_auditor', role: 'help-desk', grantedAt: 1 }, []);
      world.clock.ms += 2000;
      assert.equal((await live.next())?.event, 'over');
    });
  }

  for (const [what, take] of [
    ['the role', (world: AdminWorld) => world.store.administrators.revoke('u_auditor', [])],
    ['the person', (world: AdminWorld) => world.store.directory.provisioned.block('u_auditor', true, [])],
  ] as const) {
    test(`T28: ends with ${what}`, async () => {
      const world = await openAdminWorld();
      const { headers } = await world.browserOf('auditor');
      const live = await follow(world, headers);
      await live.next();
      await take(world);
      world.clock.ms += 2000;
      assert.equal((await live.next())?.event, 'over');
      assert.equal(await live.next(), undefined);
      assert.equal(world.services.live.count(), 0);
    });
  }

  test('T28: is no use of the session, which ends unused after a quarter of an hour', async () => {
    const world = await openAdminWorld();
    const { headers } = await world.browserOf('auditor');
    const live = await follow(world, headers);
    await live.next();
    const waiting = live.next();
    world.clock.ms += 600_000;
    await new Promise((resolve) => setTimeout(resolve, 700));
    world.clock.ms += 300_000;
    assert.equal((await waiting)?.event, 'over');
  });

  test('T28: nor is one that a browser opens again by itself, where something on the way ends them', async () => {
    const world = await openAdminWorld();
    const browser = await world.browserOf('auditor');
    const headers = { ...browser.headers, accept: 'text/event-stream' };
    for (const _ of [1, 2]) {
      world.clock.ms += 420_000;
      const live = await follow(world, headers);
      await live.next();
      await live.cancel();
    }
    world.clock.ms += 120_000;
    await adminRefused(world, await world.send('GET', '/live', { headers }), 'admin_session_over', { known: false });
  });

  test('goes on from the end where the store was put back to before the line that was seen', async () => {
    const world = await openAdminWorld();
    const { headers } = await world.browserOf('auditor');
    const live = await follow(world, { ...headers, 'last-event-id': '999999' });
    await live.next();
    const { record } = await world.exchange();
    assert.equal((await live.next())?.data?.id, record.id);
    await live.cancel();
  });

  test('takes read:audit, and nobody has more than five', async () => {
    const world = await openAdminWorld();
    const people = await world.browserOf('people');
    await adminRefused(world, await world.send('GET', '/live', people), 'admin_role_lacks');
    const { headers } = await world.browserOf('auditor');
    const open = [];
    for (let times = 0; times < 5; times += 1) open.push(await follow(world, headers));
    await adminRefused(world, await world.send('GET', '/live', { headers }), 'admin_too_fast');
    world.services.live.close();
    for (const live of open) while ((await live.next()) !== undefined);
    assert.equal(world.services.live.count(), 0, 'they end with the program');
  });
});

describe('figures', () => {
  test('what was decided, hour by hour, and why people were refused', async () => {
    const world = await openAdminWorld();
    const auditor = await world.browserOf('auditor');
    await world.exchange();
    await world.exchange({ scope: 'issues:read issues:unheard' });
    await world.exchange({ scope: 'issues:unheard' });
    await world.exchange({ scope: 'issues:write' });
    while ((await world.store.agentUses.catchUp(1000)) > 0);
    const { body } = await world.send('GET', '/overview/figures?hours=24', auditor);
    assert.equal(body.series.length, 24);
    const last = body.series.at(-1);
    const { atMs: _, ...now } = last;
    assert.deepEqual(now, body.totals);
    const { allowed, narrowed, refused, signInAgain } = body.totals;
    assert.equal(allowed + narrowed + refused + signInAgain, 4, JSON.stringify(body.totals));
    assert.equal(narrowed, 1);
    assert.equal(refused, 1);
    assert.equal(
      body.reasons.reduce((sum: number, { lines }: { lines: number }) => sum + lines, 0),
      refused + signInAgain,
    );
    assert.deepEqual(body.people, { withAgents: 1, all: 6 });
    assert.deepEqual(body.consentsAvoided, { ever: 1 });
    world.clock.ms += 86_400_000;
    const later = (await world.send('GET', '/overview/figures?hours=24', await world.browserOf('auditor'))).body;
    assert.equal(later.totals.allowed, 0);
    assert.equal(later.before.allowed, allowed);
  });

  test('what stands still, is refused all day, or has grown old', async () => {
    const world = await openAdminWorld();
    const policy = await world.browserOf('policy');
    const order = { kind: 'server', target: 'wiki', reason: 'leaks' };
    await world.send('POST', '/stops', { ...policy, body: order });
    for (let times = 0; times < 12; times += 1) await world.exchange({ scope: 'issues:unheard' });
    const { body } = await world.send('GET', '/overview/figures', policy);
    const trouble = body.trouble.map(({ kind, id, what }: Record<string, string>) => `${kind} ${id} ${what}`);
    assert.ok(trouble.includes('server wiki stopped'), trouble);
    assert.ok(trouble.includes('client claude-code refusals'), trouble);
    const toDo = body.toDo.map(({ what }: { what: string }) => what);
    assert.deepEqual(toDo, ['stops', 'one_owner']);
  });
});
