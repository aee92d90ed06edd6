import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Hit, Resumption, Stop, StopStore } from '../stop.ts';
import { type Access, erin, far, fresh, now, row, subjectKey } from './fixtures.ts';

type NewStop = Omit<Stop, 'position'>;

/** A stop nobody else made. */
const stopOf = (change: Partial<NewStop> = {}): NewStop => {
  const hits: Hit[] = [{ at: 'ras', what: 'client', value: 'app' }];
  const about = { kind: 'client', target: 'app', hits, reason: 'a drill', by: 'dana' } as const;
  return { id: fresh('st'), ...about, at: now, ...change };
};
const resumption = (change: Partial<Resumption> = {}): Resumption => {
  const times = { grantsBefore: now + 5, tokensBefore: now + 6, until: now + 1000 };
  return { at: now + 5, by: 'dana', reason: 'it was a drill', ...times, ...change };
};
/** When nobody but these tests has used an agent. */
const farMs = far * 1000;
const signal = (id = fresh('set')) => ({ id, until: far });

/** What is stopped, and how it ends. */
export function stopContract(access: Access): void {
  const stops = () => access.store().stops;
  const inForce = async (id: string, at = now) => (await stops().inForce(at)).find((each) => each.id === id);

  describe('stops', () => {
    test('is in force until it is over, and a while longer; a line of the record tells of each change', async () => {
      const made = stopOf({ endsAt: far, personId: 'u_1' });
      const [line, over] = [row(), row()];
      await stops().add(made, {}, [line]);
      assert.deepEqual(
        { ...(await inForce(made.id)), position: 0 },
        { ...made, origin: undefined, resumed: undefined, position: 0 },
      );
      assert.ok(await access.store().audit.find(line.id));
      assert.equal(await stops().resume(made.id, resumption(), [over]), true);
      assert.deepEqual((await inForce(made.id))?.resumed, resumption());
      assert.ok(await access.store().audit.find(over.id));
      assert.ok(await inForce(made.id, now + 1000));
      assert.equal(await inForce(made.id, now + 1001), undefined);
      assert.deepEqual((await stops().find(made.id))?.resumed, resumption());
    });

    test('those of one person, also when they are over', async () => {
      const [personId, other] = [fresh('u'), fresh('u')];
      const [over, stands, another] = [stopOf({ personId }), stopOf({ personId }), stopOf({ personId: other })];
      for (const each of [over, stands, another, stopOf()]) await stops().add(each, {}, []);
      await stops().resume(over.id, resumption(), []);
      const found = await stops().ofPerson(personId);
      assert.deepEqual(
        new Map(found.map(({ id, resumed }) => [id, resumed?.at])),
        new Map([
          [stands.id, undefined],
          [over.id, now + 5],
        ]),
      );
      assert.deepEqual(await stops().ofPerson(fresh('u')), []);
    });

    test('ends once, however often, and nothing is on the record of the second time', async () => {
      const made = stopOf();
      await stops().add(made, {}, []);
      const lines = [row(), row(), row()];
      const ends = await Promise.all(lines.map((line) => stops().resume(made.id, resumption(), [line])));
      assert.equal(ends.filter((each) => each).length, 1);
      const kept = await Promise.all(lines.map(({ id }) => access.store().audit.find(id)));
      assert.equal(kept.filter((each) => each).length, 1);
      assert.equal(await stops().resume(fresh('none'), resumption(), []), false);
    });

    test('T19: to make and to end one moves the loss sequence and the change sequence', async () => {
      const made = stopOf();
      const store = access.store();
      const changes: [name: string, change: () => Promise<unknown>][] = [
        ['made', () => stops().add(made, {}, [])],
        ['over', () => stops().resume(made.id, resumption(), [])],
        ['taken', () => stops().take(signal(), stopOf({ origin: 'https://a.example' }), [])],
      ];
      for (const [name, change] of changes) {
        const before = [await store.lossSequence(), await store.changeSequence()];
        await change();
        const after = [await store.lossSequence(), await store.changeSequence()];
        assert.ok(Number(after[0]) > Number(before[0]) && Number(after[1]) > Number(before[1]), name);
      }
    });

    test('what changed after a position, in order; what is long over is not told', async () => {
      const before = await access.store().changeSequence();
      const [one, two] = [stopOf(), stopOf()];
      await stops().add(one, {}, []);
      await stops().add(two, {}, []);
      const ids = async (after: number, at = now) => (await stops().changed(after, at, 100)).map(({ id }) => id);
      assert.deepEqual(await ids(before), [one.id, two.id]);
      const position = (await stops().find(two.id))?.position ?? 0;
      assert.deepEqual(await ids(position), []);
      await stops().resume(one.id, resumption(), []);
      assert.deepEqual(await ids(position), [one.id]);
      assert.deepEqual(await ids(before), [two.id, one.id]);
      assert.deepEqual(await ids(position, now + 1001), []);
      assert.equal((await stops().changed(before, now, 1)).length, 1);
    });

    test('SIG-02: what an issuer says is taken once; what is over stays over, and times only grow', async () => {
      const about = { id: fresh('sr'), origin: 'https://a.example' };
      const [first, end] = [signal(), signal()];
      const line = row();
      const ended = stopOf({ ...about, resumed: resumption() });
      assert.equal(await stops().take(end, ended, [line]), true, 'the end came first');
      assert.equal(await stops().take(end, ended, [row()]), false, 'the same again');
      assert.equal(await stops().take(first, stopOf(about), []), true);
      assert.deepEqual((await stops().find(about.id))?.resumed, resumption());
      const later = stopOf({ ...about, resumed: resumption({ grantsBefore: now + 9, tokensBefore: now }) });
      await stops().take(signal(), later, []);
      const { grantsBefore, tokensBefore } = (await stops().find(about.id))?.resumed ?? {};
      assert.deepEqual([grantsBefore, tokensBefore], [now + 9, now + 6]);
    });

    test('whose time is over, those of people only for who can tell of it', async () => {
      const [due, person, later, never] = [
        stopOf({ endsAt: now }),
        stopOf({ endsAt: now, personId: fresh('u') }),
        stopOf({ endsAt: now + 1 }),
        stopOf(),
      ];
      for (const each of [due, person, later, never]) await stops().add(each, {}, []);
      const ids = async (people: boolean) => {
        const found = new Set((await stops().due(now, { people })).map(({ id }) => id));
        return [due, person, later, never].map(({ id }) => found.has(id));
      };
      assert.deepEqual(await ids(true), [true, true, false, false]);
      assert.deepEqual(await ids(false), [true, false, false, false]);
      await stops().resume(due.id, resumption(), []);
      assert.deepEqual((await ids(true))[0], false);
    });

    test('the list: the newest first, what is over only when asked for', async () => {
      const [old, young] = [stopOf({ at: far }), stopOf({ at: far + 1 })];
      await stops().add(old, {}, []);
      await stops().add(young, {}, []);
      await stops().resume(young.id, resumption(), []);
      assert.equal((await stops().list({ over: true, limit: 2 })).map(({ id }) => id).join(), `${young.id},${old.id}`);
      assert.equal((await stops().list({ over: false, limit: 1 }))[0]?.id, old.id);
    });

    test('a shelf for readers, without what other issuers have said', async () => {
      const reader = fresh('ras');
      const { shelf } = stops();
      assert.equal(await shelf.begin(reader, 0), 0);
      const made = stopOf();
      await stops().add(made, {}, []);
      await stops().take(signal(), stopOf({ origin: 'https://a.example' }), []);
      const position = (await stops().find(made.id))?.position ?? 0;
      assert.deepEqual(
        (await shelf.after(position - 1, 10)).map(({ id }) => id),
        [made.id],
      );
      await shelf.advance(reader, position, []);
      await shelf.advance(reader, position - 1, []);
      assert.equal((await shelf.readers()).get(reader), position);
      assert.equal(await shelf.begin(reader, 0), position);
      await shelf.forget(reader);
      assert.equal((await shelf.readers()).get(reader), undefined);
    });

    test('what is long over goes, what stands stays', async () => {
      const [over, standing] = [stopOf(), stopOf()];
      for (const each of [over, standing]) await stops().add(each, {}, []);
      await stops().resume(over.id, resumption(), []);
      await stops().purge(now + 1000 + 30 * 86_400);
      assert.ok(await stops().find(over.id));
      await stops().purge(now + 1001 + 30 * 86_400);
      assert.equal(await stops().find(over.id), undefined);
      assert.ok(await stops().find(standing.id));
    });

    test('people who had agents: each once, through one client or any, at some servers or any, since then', async () => {
      const [client, other, server, another] = [fresh('c'), fresh('c'), fresh('s'), fresh('s')];
      const [one, two, three] = [fresh('u'), fresh('u'), fresh('u')];
      const use = (person: string, by: string, at: string, timeMs: number) =>
        row({ person, client: by, server: at, timeMs });
      const records = [
        use(one, client, server, farMs),
        use(one, client, another, farMs),
        use(two, client, another, farMs + 60_000),
        use(three, other, server, farMs),
      ];
      await access.store().commit({ marks: [], records });
      while ((await access.store().agentUses.catchUp(1000)) > 0);
      const table: [which: Partial<Parameters<StopStore['agents']>[0]>, people: number][] = [
        [{ client }, 2],
        [{ client, sinceMs: farMs + 1 }, 1],
        [{ client, sinceMs: farMs + 60_001 }, 0],
        [{ servers: [server] }, 2],
        [{ servers: [server, another] }, 3],
        [{ client, servers: [server] }, 1],
        [{ servers: [] }, 0],
        [{}, 3],
      ];
      for (const [which, people] of table) {
        assert.equal(await stops().agents({ sinceMs: farMs, ...which }), people, JSON.stringify(which));
      }
    });

    test('accounts, of one issuer or of all', async () => {
      const key = subjectKey({ issuer: `https://${fresh('issuer')}.example` });
      const { id } = await access.store().accounts.findOrCreate(key, fresh('acc'));
      const elsewhere = subjectKey({ issuer: `https://${fresh('issuer')}.example` });
      await access.store().accounts.findOrCreate(elsewhere, fresh('acc'));
      assert.equal(await stops().accounts(key.issuer), 1);
      assert.ok((await stops().accounts()) >= 2);
      assert.deepEqual([await stops().hasAccount(id), await stops().hasAccount(fresh('none'))], [true, false]);
    });
  });

  describe('what ends with a stop', () => {
    const artifact = async (model: string, person: string, client: string) => {
      const id = fresh(model);
      await access
        .store()
        .artifacts.upsert(model, id, { accountId: person, clientId: client, grantId: fresh('g') }, far);
      return { id, stands: async () => (await access.store().artifacts.find(model, id)) !== undefined };
    };
    const told = async (change: () => Promise<unknown>) => {
      const last = async () => {
        let position = 0;
        for (;;) {
          const page = await access.store().bulletins.after(position, 1000);
          if (page.length === 0) return position;
          position = page.at(-1)?.position ?? position;
        }
      };
      const before = await last();
      await change();
      const page = await access.store().bulletins.after(before, 1000);
      return page.map(({ personId, event, stopId }) => [personId, event, stopId].filter((each) => each).join(' '));
    };

    test('refresh tokens, codes and grants of one client; browser sessions and other clients go on', async () => {
      const [person, app] = [fresh('u'), fresh('app "quoted" \\ %_')];
      const gone = await Promise.all(
        ['RefreshToken', 'Grant', 'AuthorizationCode'].map((model) => artifact(model, person, app)),
      );
      const left = [
        await artifact('Session', person, app),
        await artifact('RefreshToken', person, `${app}2`),
        await artifact('RefreshToken', person, `x", "clientId": "${app}`),
      ];
      const made = stopOf();
      const bulletins = await told(() => stops().add(made, { agents: { client: app } }, []));
      assert.deepEqual(bulletins, [`${person} session-revoked ${made.id}`]);
      assert.deepEqual(await Promise.all(gone.map((each) => each.stands())), [false, false, false]);
      assert.deepEqual(await Promise.all(left.map((each) => each.stands())), [true, true, true]);
    });

    test('of every client', async () => {
      const [person, other] = [fresh('u'), fresh('u')];
      const gone = [await artifact('RefreshToken', person, 'a'), await artifact('Grant', other, 'b')];
      const session = await artifact('Session', person, 'a');
      const made = stopOf();
      const bulletins = await told(() => stops().add(made, { agents: { client: undefined } }, []));
      for (const each of [person, other]) assert.ok(bulletins.includes(`${each} session-revoked ${made.id}`), each);
      assert.deepEqual(await Promise.all([...gone, session].map((each) => each.stands())), [false, false, true]);
    });

    test('PRV-02: a person is disabled for authorization servers until the last stop is over, whatever their source says', async () => {
      const person = erin();
      const { people } = access.store();
      await people.save(person);
      const session = await artifact('Session', person.id, 'a');
      const stopped = { kind: 'person', target: person.id, personId: person.id } as const;
      const [one, two] = [stopOf(stopped), stopOf(stopped)];
      const add = (made: NewStop) => told(() => stops().add(made, { person: person.id }, []));
      const resume = ({ id }: NewStop) => told(() => stops().resume(id, resumption(), []));
      assert.deepEqual(await add(one), [`${person.id} account-disabled`]);
      assert.equal(await session.stands(), false);
      await add(two);
      assert.deepEqual(await told(() => people.save({ ...person, active: false })), [`${person.id} account-disabled`]);
      assert.deepEqual(await told(() => people.save(person)), [], 'on again, and stopped');
      assert.deepEqual(await resume(one), [], 'the other stands');
      assert.deepEqual(await resume(two), [`${person.id} account-enabled`]);
      const [disabled, enabled] = (await access.store().bulletins.after(0, 100_000))
        .filter(({ personId }) => personId === person.id)
        .slice(-2);
      assert.ok((enabled?.at ?? 0) > (disabled?.at ?? 0), 'at a later second');
      const three = stopOf(stopped);
      await add(three);
      await people.save({ ...person, active: false });
      assert.deepEqual(await resume(three), [], 'off all the same');
    });
  });
}
