import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dayMs, hourMs } from '../audit-tally.ts';
import type { AuditRow } from '../store.ts';
import { type Access, erin, fresh, now, row } from './fixtures.ts';

/** The record in numbers: the same before and after lines are in the index, and however many put them there. */
export function usesContract(access: Access): void {
  describe('uses', { timeout: 10_000 }, () => {
    const at = 1_600_000_000_000 - (1_600_000_000_000 % dayMs);
    const line = (kind: string, said: object, change: Partial<AuditRow>) =>
      row({ kind, timeMs: at, ...change, body: JSON.stringify({ domain: 'idp', outcome: 'allowed', ...said }) });
    const write = async (records: readonly AuditRow[]) => {
      for (let from = 0; from < records.length; from += 100) {
        await access.store().commit({ marks: [], records: records.slice(from, from + 100) });
      }
    };
    const indexAll = async () => {
      const other = (await access.another()).auditSearch;
      let done: number[];
      do done = await Promise.all([access.store().auditSearch.indexFurther(), other.indexFurther()]);
      while (done.some((count) => count > 0));
    };

    test('by client at a server and day, on each side apart, also while lines are on their way into the index', async () => {
      const [server, client, other] = [fresh('server'), fresh('client'), fresh('client')];
      const asked = { scopesAsked: ['a', 'b'], scopesGranted: ['a'] };
      const some = [
        line('issuance', asked, { server, client }),
        line('issuance', {}, { server, client, timeMs: at + 5 }),
        line('decision', { outcome: 'refused', reason: 'policy_denied' }, { server, client }),
        line('issuance', {}, { server, client: other, timeMs: at + dayMs }),
        line('issuance', {}, { server, client, timeMs: at - 1 }),
        line('redemption', { domain: 'ras' }, { server, client }),
        line('tool_call', { domain: 'gateway' }, { server, client, timeMs: at + 9 }),
        line('tool_call', { domain: 'gateway', outcome: 'refused', reason: 'scope_missing' }, { server, client }),
        line('policy', {}, { server, client }),
      ];
      await write(some);
      const { uses } = access.store();
      const sum = async (filter: Parameters<typeof uses.days>[0]) => {
        const sums = new Map<string, readonly number[]>();
        for (const day of await uses.days(filter)) {
          const key = `${day.client === client ? 'one' : 'other'} ${(day.dayMs - at) / dayMs}`;
          const before = sums.get(key) ?? [0, 0, 0, 0, 0];
          const now = [day.issued, day.redeemed, day.called, day.refused];
          const last = Math.max(before[4] ?? 0, day.lastMs - at);
          sums.set(key, [...now.map((value, place) => value + (before[place] ?? 0)), last]);
        }
        return Object.fromEntries([...sums].sort());
      };
      const idp = { 'one 0': [2, 0, 0, 1, 5], 'other 1': [1, 0, 0, 0, dayMs] };
      const check = async () => {
        assert.deepEqual(await sum({ side: 'idp', fromMs: at, servers: [server] }), idp);
        assert.deepEqual(await sum({ side: 'idp', fromMs: at, servers: [server, 'none'] }), idp);
        assert.deepEqual(await sum({ side: 'ras', fromMs: at, servers: [server] }), { 'one 0': [0, 1, 1, 1, 9] });
        assert.deepEqual(await sum({ side: 'idp', fromMs: at, clients: [other] }), { 'other 1': [1, 0, 0, 0, dayMs] });
        assert.deepEqual(await sum({ side: 'idp', fromMs: at + dayMs, servers: [server] }), {
          'other 1': [1, 0, 0, 0, dayMs],
        });
        const all = await uses.days({ side: 'idp', fromMs: at });
        assert.ok(all.some((day) => day.server === server));
        assert.deepEqual(await uses.days({ side: 'idp', fromMs: at, servers: [] }), []);
        const byServer = await uses.sums({ side: 'idp', by: 'server', fromMs: at });
        const expected = { issued: 3, redeemed: 0, called: 0, refused: 1, lastMs: at + dayMs };
        assert.deepEqual(byServer.get(server), expected);
        const byClient = await uses.sums({ side: 'ras', by: 'client', fromMs: at });
        assert.deepEqual(byClient.get(client), { issued: 0, redeemed: 1, called: 1, refused: 1, lastMs: at + 9 });
        assert.equal((await uses.sums({ side: 'idp', by: 'server', fromMs: at + 2 * dayMs })).get(server), undefined);
      };
      await check();
      // A whole stretch, so that the line before is in the numbers wherever in one it stood.
      await write(Array.from({ length: 1100 }, () => line('system', {}, {})));
      await indexAll();
      await check();
      await write([line('issuance', {}, { server, client, timeMs: at + 7 })]);
      assert.deepEqual(await sum({ side: 'idp', fromMs: at, servers: [server] }), {
        ...idp,
        'one 0': [3, 0, 0, 1, 7],
      });
    });

    test('by hour, kind, outcome and reason; what got less than it asked for is told apart', async () => {
      const [hour, { uses }] = [1_500_000_000_000 - (1_500_000_000_000 % hourMs), access.store()];
      const timeMs = hour + hourMs - 1;
      const before = (await uses.hours(hour)).filter(({ hourMs: of }) => of === hour);
      assert.deepEqual(before, []);
      await write([
        line('issuance', { scopesAsked: ['a', 'b'], scopesGranted: ['a'] }, { timeMs }),
        line('issuance', { scopesAsked: ['a'], scopesGranted: ['a'] }, { timeMs }),
        line('issuance', { scopesGranted: ['a'] }, { timeMs: hour }),
        line('decision', { outcome: 'refused', reason: 'policy_denied' }, { timeMs }),
        line('redemption', { scopesAsked: ['a', 'b'], scopesGranted: ['a'] }, { timeMs }),
        line('issuance', {}, { timeMs: hour - 1 }),
      ]);
      const counts = async () => {
        const sums = new Map<string, number>();
        for (const { hourMs: of, kind, outcome, reason, lines } of await uses.hours(hour)) {
          const key = `${kind} ${outcome} ${reason}`;
          if (of === hour) sums.set(key, (sums.get(key) ?? 0) + lines);
        }
        return Object.fromEntries([...sums].sort());
      };
      const expected = {
        'decision refused policy_denied': 1,
        'issuance allowed ': 2,
        'issuance narrowed ': 1,
        'redemption allowed ': 1,
      };
      assert.deepEqual(await counts(), expected);
      await write(Array.from({ length: 600 }, () => line('system', {}, {})));
      await indexAll();
      assert.deepEqual(await counts(), expected);
    });

    test('who used a server, by client, and since when', async () => {
      const [server, client, other] = [fresh('server'), fresh('client'), fresh('client')];
      const [one, two] = [`${server}-1`, `${server}-2`];
      const issued = (person: string, through: string, timeMs: number) =>
        line('issuance', {}, { server, client: through, person, timeMs });
      await write([issued(one, client, 5000), issued(two, client, 9000), issued(one, other, 7000)]);
      const { people, uses, agentUses } = access.store();
      for (const id of [one, two]) await people.save(erin({ id }));
      while ((await agentUses.catchUp(1000)) > 0);
      assert.deepEqual(Object.fromEntries(await uses.people(server, 0)), { [client]: 2, [other]: 1 });
      assert.deepEqual(Object.fromEntries(await uses.people(server, 6000)), { [client]: 1, [other]: 1 });
      const counted = await Promise.all([0, 8000, 9001].map((sinceMs) => uses.countPeople(server, sinceMs)));
      assert.deepEqual(counted, [2, 1, 0]);
      const late = now * 1000 + 5_000_000_000;
      assert.equal(await uses.activePeople(late), 0);
      const gone = `${server}-gone`;
      await write([issued(one, client, late), issued(one, other, late + 1), issued(two, client, late + 2)]);
      await write([issued(gone, `${client}-other`, late)]);
      while ((await agentUses.catchUp(1000)) > 0);
      assert.equal(await uses.activePeople(late), 2);
      assert.equal(await uses.activePeople(late + 2), 1);
      const last = await uses.lastUses(server, [one, two, 'nobody']);
      assert.deepEqual(
        last
          .map(({ person, client: through, lastMs }) => `${person === one ? 1 : 2} ${through === client} ${lastMs}`)
          .sort(),
        [`1 false ${late + 1}`, `1 true ${late}`, `2 true ${late + 2}`],
      );
      assert.deepEqual(await uses.lastUses(server, []), []);
    });

    test('each person, client and server that meet count once, when they first do, however many read the record', async () => {
      const { uses, agentUses } = access.store();
      const other = (await access.another()).agentUses;
      while ((await agentUses.catchUp(1000)) > 0);
      const [before, server, client] = [await uses.meetings(), fresh('server'), fresh('client')];
      const person = fresh('person');
      const met = (change: Partial<AuditRow>) => line('issuance', {}, { server, client, person, ...change });
      const elsewhere = met({ server: fresh('server') });
      await write([met({}), met({ timeMs: at + 1 }), elsewhere, met({ client: fresh('client') }), met({})]);
      await write([line('decision', { outcome: 'refused' }, { server, client, person: fresh('person') })]);
      for (let read = 1; read > 0; ) {
        const [one, two] = await Promise.all([agentUses.catchUp(2), other.catchUp(3)]);
        read = one + two;
      }
      while ((await agentUses.catchUp(2)) > 0);
      assert.equal(await uses.meetings(), before + 3);
      await write([met({}), { ...elsewhere, id: fresh('d') }]);
      while ((await agentUses.catchUp(1000)) > 0);
      assert.equal(await uses.meetings(), before + 3);
    });

    test('whoever is erased before their lines are read is not known by what is still at hand of them', async () => {
      const { agentUses, erasure, audit } = access.store();
      const [person, other, client] = [fresh('person'), fresh('person'), fresh('client')];
      while ((await agentUses.catchUp(1000)) > 0);
      await write(
        [person, other].map((each) => line('issuance', {}, { server: fresh('server'), client, person: each })),
      );
      const theirs = (await audit.last(2)).filter((one) => one.person === person).map(({ position }) => position);
      assert.equal(theirs.length, 1);
      await erasure.blank(theirs, []);
      while ((await agentUses.catchUp(1000)) > 0);
      assert.deepEqual(await agentUses.of(person), []);
      assert.equal((await agentUses.of(other)).length, 1);
    });

    test('people who were erased, or left long ago, are none who are active', async () => {
      const { people, uses, agentUses, erasure } = access.store();
      const [server, client, late] = [fresh('server'), fresh('client'), now * 1000 + 9_000_000_000];
      const ids = [fresh('person'), fresh('person'), fresh('person')];
      for (const id of ids) await people.save(erin({ id }));
      await write(ids.map((person, n) => line('issuance', {}, { server, client, person, timeMs: late + n })));
      // An older one that comes later makes nobody older.
      await write([line('issuance', {}, { server, client, person: ids[2] ?? '', timeMs: late })]);
      while ((await agentUses.catchUp(1000)) > 0);
      assert.deepEqual(
        await Promise.all([late, late + 1, late + 2, late + 3].map((sinceMs) => uses.activePeople(sinceMs))),
        [3, 2, 1, 0],
      );
      await erasure.forgetUses(ids.slice(1, 2));
      assert.equal(await uses.activePeople(late), 2);
      await access.store().purge(Math.ceil((late + 1) / 1000) + 400 * 86_400);
      assert.equal(await uses.activePeople(late), 0);
    });

    test('sums since any day are what the days add up to, for each server and each client', async () => {
      const [servers, clients] = [
        [fresh('server'), fresh('server')],
        [fresh('client'), fresh('client')],
      ] as const;
      const { uses } = access.store();
      const some = Array.from({ length: 60 }, (_, n) => {
        const own = { server: servers[n % 2] ?? '', client: clients[n % 3 === 0 ? 0 : 1] ?? '' };
        const timeMs = at + ((n * 7) % 40) * dayMs + n;
        const kinds = ['issuance', 'decision', 'redemption', 'tool_call'] as const;
        const kind = kinds[n % 4] ?? 'issuance';
        const domain = n % 4 < 2 ? 'idp' : 'ras';
        return line(kind, { domain, outcome: kind === 'decision' ? 'refused' : 'allowed' }, { ...own, timeMs });
      });
      await write(some);
      const check = async () => {
        for (const side of ['idp', 'ras'] as const) {
          for (const fromDay of [0, 1, 3, 7, 8, 9, 16, 20, 39, 40]) {
            const fromMs = at + fromDay * dayMs;
            const days = await uses.days({ side, fromMs, servers });
            for (const by of ['server', 'client'] as const) {
              const sums = await uses.sums({ side, by, fromMs });
              for (const id of by === 'server' ? servers : clients) {
                const own = days.filter((day) => day[by] === id);
                const sum = (of: 'issued' | 'redeemed' | 'called' | 'refused') =>
                  own.reduce((all, day) => all + day[of], 0);
                const lastMs = Math.max(0, ...own.map((day) => day.lastMs));
                const counts = {
                  issued: sum('issued'),
                  redeemed: sum('redeemed'),
                  called: sum('called'),
                  refused: sum('refused'),
                };
                assert.deepEqual(
                  sums.get(id),
                  own.length === 0 ? undefined : { ...counts, lastMs },
                  `${side} ${fromDay} ${by}`,
                );
              }
            }
          }
        }
      };
      await check();
      // A whole stretch, so that the line before is in the numbers wherever in one it stood.
      await write(Array.from({ length: 1100 }, () => line('system', {}, {})));
      await indexAll();
      await check();
      await write(some.slice(0, 9).map((record) => ({ ...record, id: fresh('d') })));
      await check();
    });

    test('which groups have somebody in them who used a server, or any, since then', async () => {
      const [server, client] = [fresh('server'), fresh('client')];
      const [used, unused, role] = [fresh('group'), fresh('group'), fresh('role')];
      const [one, two] = [fresh('person'), fresh('person')];
      const { people, uses, agentUses } = access.store();
      const person = (id: string, groups: string[], roles: string[]) => people.save(erin({ id, groups, roles }));
      await person(one, [used], [role]);
      await person(two, [unused], []);
      const timeMs = 7000;
      await write([line('issuance', {}, { server, client, person: one, timeMs })]);
      while ((await agentUses.catchUp(1000)) > 0);
      const at = async (sinceMs: number) =>
        (await uses.groupsAt(server, sinceMs)).map(({ kind, id }) => `${kind} ${id}`).sort();
      assert.deepEqual(await at(timeMs), [`group ${used}`, `role ${role}`]);
      assert.deepEqual(await at(timeMs + 1), []);
      assert.deepEqual(await uses.groupsAt(fresh('server'), 0), []);
      const inUse = async (kind: 'group' | 'role', sinceMs: number) => [
        ...(await uses.groupsInUse(kind, [used, unused, role, 'nothing'], sinceMs)),
      ];
      assert.deepEqual(await inUse('group', timeMs), [used]);
      assert.deepEqual(await inUse('role', timeMs), [role]);
      assert.deepEqual(await inUse('group', timeMs + 1), []);
      assert.deepEqual([...(await uses.groupsInUse('group', [], 0))], []);
    });

    test('are forgotten after four hundred days', async () => {
      const { uses } = access.store();
      const [server, client] = [fresh('server'), fresh('client')];
      const old = { client, timeMs: 2 * dayMs };
      await write([line('issuance', {}, { server, ...old }), line('issuance', {}, old)]);
      // A whole stretch, so that the line before is in the numbers wherever in one it stood.
      await write(Array.from({ length: 1100 }, () => line('system', {}, {})));
      await indexAll();
      const filter = { side: 'idp', fromMs: 0, servers: [server] } as const;
      const unnamed = async () =>
        (await uses.days({ ...filter, servers: [''] })).filter((day) => day.client === client).length;
      await access.store().purge(401 * 86_400);
      assert.deepEqual([(await uses.days(filter)).length, await unnamed()], [1, 1]);
      await access.store().purge(402 * 86_400);
      assert.deepEqual([(await uses.days(filter)).length, await unnamed()], [0, 0]);
      assert.ok((await uses.hours(0)).every((hour) => hour.hourMs > 2 * dayMs));
      // Of eight days in one the last has to have passed.
      const sum = async () => (await uses.sums({ side: 'idp', by: 'server', fromMs: 0 })).get(server)?.issued;
      assert.equal(await sum(), 1);
      await access.store().purge(407 * 86_400);
      assert.equal(await sum(), undefined);
    });

    test('who used a server is forgotten after four hundred days, however many they are', async () => {
      const { uses, agentUses } = access.store();
      const [server, client, count] = [fresh('server'), fresh('client'), 2100];
      const issued = (at: number) => {
        const timeMs = (at % 2 === 0 ? 3 : 5) * dayMs;
        return line('issuance', {}, { server, client, person: `${server}-${at}`, timeMs });
      };
      await write(Array.from({ length: count }, (_, at) => issued(at)));
      while ((await agentUses.catchUp(1000)) > 0);
      const left = async () => (await uses.people(server, 0)).get(client) ?? 0;
      await access.store().purge(402.5 * 86_400);
      assert.equal(await left(), count);
      await access.store().purge(403 * 86_400);
      assert.equal(await left(), count / 2);
      await access.store().purge(405 * 86_400);
      assert.equal(await left(), 0);
    });
  });
}
