import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Factor, StoreConflict, type UpstreamLink } from '../store.ts';
import { type Access, erin, far, fresh, now, row } from './fixtures.ts';

/** Sign-ins that stand, and what they stand on at upstream providers. */
export function sessionContract(access: Access): void {
  const save = async (change: { accountId?: string; expiresAt?: number; uid?: string } = {}) => {
    const [sid, grantId] = [fresh('sid'), fresh('grant')];
    const { uid = fresh('uid'), accountId = fresh('u'), expiresAt = far } = change;
    const authorizations = { cli: { sid, grantId }, other: {} };
    const session = { uid, accountId, loginTs: now, acr: 'a', amr: ['pwd'], authorizations };
    const { artifacts } = access.store();
    await artifacts.upsert('Session', fresh('session'), session, expiresAt);
    await artifacts.upsert('Grant', grantId, { accountId }, far);
    const token = fresh('token');
    await artifacts.upsert('RefreshToken', token, { accountId, grantId }, far);
    return { uid, sid, grantId, accountId, token };
  };

  describe('sessions', () => {
    test('one is found by its uid, with its clients, while it stands', async () => {
      const { uid, sid, accountId } = await save({ expiresAt: now + 100 });
      const { sessions } = access.store();
      assert.deepEqual(await sessions.find(uid, now), {
        uid,
        personId: accountId,
        startedAt: now,
        expiresAt: now + 100,
        acr: 'a',
        amr: ['pwd'],
        clients: [{ client: 'cli', sid }],
        upstream: undefined,
      });
      assert.equal(await sessions.find(uid, now + 100), undefined);
      assert.equal(await sessions.find('nothing', now), undefined);
    });

    test('list gives each once, in pages, of one person or of all', async () => {
      const accountId = fresh('u');
      const uids = [await save({ accountId }), await save({ accountId }), await save({ accountId, expiresAt: now })];
      await save();
      const { sessions } = access.store();
      const seen: string[] = [];
      for (;;) {
        const page = await sessions.list({ after: seen.at(-1) ?? '', limit: 1, personId: accountId, now });
        if (page.length === 0) break;
        seen.push(...page.map(({ uid }) => uid));
      }
      assert.deepEqual(seen, [uids[0]?.uid, uids[1]?.uid].sort());
      assert.ok((await sessions.list({ after: '', limit: 1000, now })).length > 2);
    });

    test('list leaves out the break-glass account for whoever may not know of it', async () => {
      const { administrators, sessions } = access.store();
      const glass = erin();
      const factor: Factor = {
        id: fresh('f'),
        personId: glass.id,
        kind: 'totp',
        name: 'App',
        material: 'sealed',
        credentialId: undefined,
        isSynced: false,
        counter: 0,
        createdAt: now,
        lastUsedAt: undefined,
      };
      await administrators.createBreakGlass(glass, { passwordHash: 'h', factor, now }, []);
      const [hidden, seen] = [await save({ accountId: glass.id }), await save()];
      const uids = async (withoutBreakGlass: boolean) =>
        (await sessions.list({ after: '', limit: 1000, now, withoutBreakGlass })).map(({ uid }) => uid);
      const [all, some] = [await uids(false), await uids(true)];
      assert.deepEqual([all.includes(hidden.uid), all.includes(seen.uid)], [true, true]);
      assert.deepEqual([some.includes(hidden.uid), some.includes(seen.uid)], [false, true]);
      await administrators.removeBreakGlass([]);
    });

    test('ending one takes its grants and tokens along, and leaves another of the same person', async () => {
      const accountId = fresh('u');
      const [one, other] = [await save({ accountId }), await save({ accountId })];
      const { sessions, artifacts, audit } = access.store();
      const line = row();
      assert.equal(await sessions.end(one.uid, [line]), true);
      assert.ok(await audit.find(line.id));
      assert.equal(await sessions.find(one.uid, now), undefined);
      assert.equal(await artifacts.sessionStands(one.sid, now), false);
      assert.equal(await artifacts.find('Grant', one.grantId), undefined);
      assert.equal(await artifacts.find('RefreshToken', one.token), undefined);
      assert.equal(await artifacts.sessionStands(other.sid, now), true);
      assert.ok(await artifacts.find('RefreshToken', other.token));
    });

    test('one client is taken out of it, with what was granted to it there, and the session stands', async () => {
      const { uid, sid, grantId, token } = await save();
      const { sessions, artifacts, audit } = access.store();
      const other = await save();
      const [line, unsaid] = [row(), row()];
      assert.equal(await sessions.endClient(uid, 'nobody', [unsaid]), false);
      assert.equal(await sessions.endClient('nothing', 'cli', [unsaid]), false);
      assert.equal(await sessions.endClient(uid, 'cli', [line]), true);
      assert.equal(await sessions.endClient(uid, 'cli', [unsaid]), false);
      assert.ok(await audit.find(line.id));
      assert.equal(await audit.find(unsaid.id), undefined);
      assert.equal(await artifacts.sessionStands(sid, now), false);
      assert.equal(await artifacts.find('Grant', grantId), undefined);
      assert.equal(await artifacts.find('RefreshToken', token), undefined);
      assert.deepEqual((await sessions.find(uid, now))?.clients, []);
      assert.equal(await artifacts.sessionStands(other.sid, now), true);
    });

    describe('of a session in halves, as two tabs were left with before they were replaced in one step', () => {
      const halves = async () => {
        const one = await save();
        return [one, await save({ uid: one.uid, accountId: one.accountId })] as const;
      };
      const left = async ({ sid, token, grantId }: Awaited<ReturnType<typeof save>>) => {
        const { artifacts } = access.store();
        const kept = [await artifacts.find('RefreshToken', token), await artifacts.find('Grant', grantId)];
        return [await artifacts.sessionStands(sid, now), ...kept.map((each) => each !== undefined)];
      };
      const nothing = [false, false, false];

      test('all clients are found', async () => {
        const [one, other] = await halves();
        const found = await access.store().sessions.find(one.uid, now);
        assert.deepEqual(found?.clients.map(({ sid }) => sid).sort(), [one.sid, other.sid].sort());
      });

      test('both end', async () => {
        const [one, other] = await halves();
        assert.equal(await access.store().sessions.end(one.uid, []), true);
        assert.deepEqual([await left(one), await left(other)], [nothing, nothing]);
      });

      test('both end when their owner signs out, who learns which clients they held', async () => {
        const [one, other] = await halves();
        const apart = await save({ accountId: one.accountId });
        const held = await access.store().sessions.signOut(one.uid);
        assert.deepEqual(held.map(({ sid }) => sid).sort(), [one.sid, other.sid].sort());
        assert.deepEqual([await left(one), await left(other)], [nothing, nothing]);
        assert.deepEqual(await left(apart), [true, true, true]);
        assert.deepEqual(await access.store().sessions.signOut(one.uid), []);
      });

      test('a client is taken out of both', async () => {
        const [one, other] = await halves();
        assert.equal(await access.store().sessions.endClient(one.uid, 'cli', []), true);
        assert.deepEqual([await left(one), await left(other)], [nothing, nothing]);
        assert.deepEqual((await access.store().sessions.find(one.uid, now))?.clients, []);
      });
    });

    test('of two that end it at once one does, and the other writes nothing', async () => {
      const { uid } = await save();
      const lines = [row(), row()];
      const ended = await Promise.all(lines.map((line) => access.store().sessions.end(uid, [line])));
      assert.deepEqual(ended.sort(), [false, true]);
      const kept = await Promise.all(lines.map(({ id }) => access.store().audit.find(id)));
      assert.equal(kept.filter((line) => line !== undefined).length, 1);
    });
  });

  describe('sessions at upstream providers', () => {
    const there = () => ({ issuer: 'https://idp.example', subject: fresh('sub'), sid: fresh('there') });

    test('are found from either end, and shown with the session here', async () => {
      const { uid } = await save();
      const at = there();
      const session = { sessionUid: uid, upstream: 'okta', ...at, idToken: 'sealed' };
      const { upstream, sessions } = access.store();
      await upstream.saveSession(session, far);
      assert.deepEqual(await upstream.findSession(uid), session);
      assert.equal((await sessions.find(uid, now))?.upstream, 'okta');
      assert.deepEqual(await upstream.sessionsOn({ ...at, sid: undefined }), [uid]);
      assert.deepEqual(await upstream.sessionsOn({ ...at, subject: undefined }), [uid]);
      assert.deepEqual(await upstream.sessionsOn(at), [uid]);
      assert.deepEqual(await upstream.sessionsOn({ ...at, sid: 'other' }), []);
      assert.deepEqual(await upstream.sessionsOn({ ...at, issuer: 'https://other.example' }), []);
      assert.deepEqual(await upstream.sessionsOn({ issuer: at.issuer, subject: undefined, sid: undefined }), []);
    });

    test('one of which no sid is known is found by its subject, whatever sid is named beside it', async () => {
      const { upstream } = access.store();
      const at = there();
      const [known, unknown, other] = [fresh('uid'), fresh('uid'), fresh('uid')];
      const base = { upstream: 'okta', idToken: 'sealed', ...at };
      await upstream.saveSession({ ...base, sessionUid: known }, far);
      await upstream.saveSession({ ...base, sessionUid: unknown, sid: undefined }, far);
      await upstream.saveSession({ ...base, sessionUid: other, sid: undefined, subject: fresh('sub') }, far);
      assert.deepEqual(await upstream.sessionsOn(at), [known, unknown].sort());
      assert.deepEqual(await upstream.sessionsOn({ ...at, sid: 'other' }), [unknown]);
      assert.deepEqual(await upstream.sessionsOn({ ...at, subject: undefined }), [known]);
    });

    test('are replaced by a later sign-in, and end with the session, by wish and by time', async () => {
      const { upstream, sessions } = access.store();
      const [one, two, three] = [await save(), await save(), await save()];
      for (const { uid } of [one, two, three]) {
        await upstream.saveSession({ sessionUid: uid, upstream: 'okta', ...there(), idToken: 'a' }, far);
      }
      const second = { sessionUid: one.uid, upstream: 'entra', ...there(), sid: undefined, idToken: 'b' };
      await upstream.saveSession(second, now + 10);
      assert.deepEqual(await upstream.findSession(one.uid), second);
      await access.store().purge(now + 10);
      assert.equal(await upstream.findSession(one.uid), undefined);
      await sessions.end(two.uid, []);
      assert.equal(await upstream.findSession(two.uid), undefined);
      await upstream.forgetSession(three.uid);
      assert.equal(await upstream.findSession(three.uid), undefined);
      assert.ok(await sessions.find(three.uid, now), 'forgetting is about there, not here');
    });
  });

  describe('identities at upstream providers', () => {
    const linkOf = (personId: string): UpstreamLink => {
      return { issuer: 'https://idp.example', subject: fresh('sub'), upstream: 'okta', personId, linkedAt: now };
    };

    test('one belongs to one person, by issuer and subject exactly', async () => {
      const [one, other] = [erin(), erin()];
      for (const person of [one, other]) await access.store().people.save(person);
      const link = linkOf(one.id);
      const { upstream } = access.store();
      await upstream.link(link, []);
      assert.deepEqual(await upstream.findLink(link.issuer, link.subject), link);
      assert.deepEqual(await upstream.linksOf(one.id), [link]);
      assert.equal(await upstream.findLink(link.issuer, link.subject.toUpperCase()), undefined);
      assert.equal(await upstream.findLink('https://other.example', link.subject), undefined);
      const line = row();
      await assert.rejects(upstream.link({ ...link, personId: other.id }, [line]), StoreConflict);
      assert.equal(await access.store().audit.find(line.id), undefined);
      await assert.rejects(upstream.link(linkOf('nobody'), []), StoreConflict);
    });

    test('the first of an issuer is linked to a person once, whoever links at the same moment', async () => {
      const person = erin();
      await access.store().people.save(person);
      const other = await access.another();
      const links = Array.from({ length: 6 }, () => linkOf(person.id));
      const lines = links.map(() => row());
      const linked = await Promise.all(
        links.map((link, at) => (at % 2 ? other : access.store()).upstream.linkFirst(link, [lines[at] ?? row()])),
      );
      assert.equal(linked.filter(Boolean).length, 1);
      assert.deepEqual(await access.store().upstream.linksOf(person.id), [links[linked.indexOf(true)]]);
      const found = await Promise.all(lines.map(({ id }) => access.store().audit.find(id)));
      assert.deepEqual(
        found.map((line) => line !== undefined),
        linked,
      );
      const elsewhere = { ...linkOf(person.id), issuer: 'https://elsewhere.example' };
      assert.equal(await access.store().upstream.linkFirst(elsewhere, []), true);
    });

    test('it can be taken away, once', async () => {
      const person = erin();
      await access.store().people.save(person);
      const link = linkOf(person.id);
      const { upstream } = access.store();
      await upstream.link(link, []);
      const [first, second] = [row(), row()];
      assert.equal(await upstream.unlink(link.issuer, link.subject, [first]), true);
      assert.equal(await upstream.unlink(link.issuer, link.subject, [second]), false);
      assert.equal(await upstream.findLink(link.issuer, link.subject), undefined);
      assert.ok(await access.store().audit.find(first.id));
      assert.equal(await access.store().audit.find(second.id), undefined);
    });
  });
}
