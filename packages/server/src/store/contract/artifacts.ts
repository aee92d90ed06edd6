import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Access, far, fresh, now } from './fixtures.ts';

/** What `oidc-provider` keeps. */
export function artifactContract(access: Access): void {
  describe('artifacts', () => {
    const model = 'RefreshToken';
    const save = async (payload: Record<string, unknown> = {}, expiresAt: number | undefined = far, of = model) => {
      const id = fresh('artifact');
      await access.store().artifacts.upsert(of, id, payload, expiresAt);
      return id;
    };

    test('what was saved is found by model and id, and replaced by saving again', async () => {
      const id = await save({ scope: 'openid', nested: { a: [1, null] } });
      assert.deepEqual(await access.store().artifacts.find(model, id), { scope: 'openid', nested: { a: [1, null] } });
      assert.equal(await access.store().artifacts.find('Session', id), undefined);
      await access.store().artifacts.upsert(model, id, { scope: 'email' }, undefined);
      assert.deepEqual(await access.store().artifacts.find(model, id), { scope: 'email' });
      await access.store().artifacts.destroy(model, id);
      assert.equal(await access.store().artifacts.find(model, id), undefined);
    });

    test('an expired one is not found, by id or uid', async () => {
      const past = Math.floor(Date.now() / 1000) - 1;
      const uid = fresh('uid');
      assert.equal(await access.store().artifacts.find(model, await save({}, past)), undefined);
      await save({ uid }, past, 'Session');
      assert.equal(await access.store().artifacts.findByUid('Session', uid), undefined);
      await save({ uid, accountId: 'u_1' }, far, 'Session');
      assert.deepEqual(await access.store().artifacts.findByUid('Session', uid), { uid, accountId: 'u_1' });
      assert.equal(await access.store().artifacts.findByUid('Interaction', uid), undefined);
    });

    test('of eight that consume it at once, by two ways in, exactly one does, and saving again does not revive it', async () => {
      const id = await save({ grantId: 'g' });
      const other = await access.another();
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, (_, index) => (index % 2 ? other : access.store()).artifacts.consume(model, id, now)),
      );
      assert.equal(outcomes.filter(Boolean).length, 1);
      assert.deepEqual(await access.store().artifacts.find(model, id), { grantId: 'g', consumed: now });
      await access.store().artifacts.upsert(model, id, { grantId: 'g' }, far);
      assert.deepEqual(await access.store().artifacts.find(model, id), { grantId: 'g', consumed: now });
      assert.equal(await access.store().artifacts.consume(model, id, now + 1), false);
    });

    test('what is not there or has expired cannot be consumed', async () => {
      assert.equal(await access.store().artifacts.consume(model, 'nothing', now), false);
      const id = await save({}, now);
      assert.equal(await access.store().artifacts.consume(model, id, now), false);
      assert.equal(await access.store().artifacts.consume(model, id, now - 1), true);
    });

    test('revokeGrant removes every artifact of the grant, of any model, and of no other', async () => {
      const grantId = fresh('grant');
      const code = await save({ grantId }, far, 'AuthorizationCode');
      const token = await save({ grantId });
      const others = await save({ grantId: fresh('grant') });
      await access.store().artifacts.revokeGrant(grantId);
      assert.equal(await access.store().artifacts.find('AuthorizationCode', code), undefined);
      assert.equal(await access.store().artifacts.find(model, token), undefined);
      assert.ok(await access.store().artifacts.find(model, others));
    });

    test('a session stands for the sids it holds now, until it ends or expires', async () => {
      const [first, second] = [fresh('sid'), fresh('sid')];
      const session = { accountId: 'u_1', authorizations: { a: { sid: first }, b: { sid: second }, c: {} } };
      const id = await save(session, now + 100, 'Session');
      const stands = (sid: string, when = now) => access.store().artifacts.sessionStands(sid, when);
      assert.deepEqual([await stands(first), await stands(second), await stands(fresh('sid'))], [true, true, false]);
      assert.deepEqual([await stands(first, now + 99), await stands(first, now + 100)], [true, false]);
      await access.store().artifacts.upsert('Session', id, { authorizations: { b: { sid: second } } }, now + 100);
      assert.deepEqual([await stands(first), await stands(second)], [false, true]);
      // Ended by another way in: what this one remembers of it is not so any more.
      await (await access.another()).artifacts.destroy('Session', id);
      assert.equal(await stands(second), false);
    });

    test('a session whose end is moved closer does not stand beyond it', async () => {
      const sid = fresh('sid');
      const id = await save({ authorizations: { a: { sid } } }, far, 'Session');
      assert.equal(await access.store().artifacts.sessionStands(sid, now + 100), true);
      await (await access.another()).artifacts.upsert('Session', id, { authorizations: { a: { sid } } }, now + 50);
      assert.equal(await access.store().artifacts.sessionStands(sid, now + 100), false);
    });

    describe('a session is replaced by one of those that have read it', () => {
      const payload = (sid: string, more = {}) => ({
        uid: 'uid',
        accountId: 'u_1',
        authorizations: { a: { sid } },
        ...more,
      });
      const open = async (sid: string) => {
        const read = payload(sid);
        return { before: { id: await save(read, far, 'Session'), payload: JSON.stringify(read) }, read };
      };
      const stands = (sid: string, at = now) => access.store().artifacts.sessionStands(sid, at);

      test('under its id: with the sids it holds now, and the end it has now', async () => {
        const [old, sid] = [fresh('sid'), fresh('sid')];
        const { before } = await open(old);
        const { artifacts } = access.store();
        const after = { id: before.id, payload: payload(sid), expiresAt: now + 50 };
        assert.equal(await artifacts.replaceSession(before, after), true);
        assert.deepEqual([await stands(old), await stands(sid), await stands(sid, now + 50)], [false, true, false]);
        const again = { ...after, payload: payload(old), expiresAt: far };
        assert.equal(await artifacts.replaceSession(before, again), false, 'it is not what was read any more');
        assert.deepEqual([await stands(old), await stands(sid), await stands(sid, now + 50)], [false, true, false]);
        await artifacts.destroy('Session', before.id);
        assert.equal(await artifacts.replaceSession(before, again), false, 'nor is it there');
        assert.equal(await artifacts.find('Session', before.id), undefined);
      });

      test('under another: of eight at once, by two ways in, one, and there are never two of it', async () => {
        const sid = fresh('sid');
        const { before, read } = await open(sid);
        const other = await access.another();
        const ids = Array.from({ length: 8 }, () => fresh('session'));
        const outcomes = await Promise.all(
          ids.map((id, at) =>
            (at % 2 ? other : access.store()).artifacts.replaceSession(before, {
              id,
              payload: { ...read, at },
              expiresAt: far,
            }),
          ),
        );
        assert.equal(outcomes.filter(Boolean).length, 1);
        const found = await Promise.all([before.id, ...ids].map((id) => access.store().artifacts.find('Session', id)));
        const at = outcomes.indexOf(true);
        assert.deepEqual(found.filter(Boolean), [{ ...read, at }]);
        assert.deepEqual(found[at + 1], { ...read, at });
        assert.equal(await stands(sid), true);
      });

      test('nothing else that happens to have its id and payload is', async () => {
        const read = payload(fresh('sid'));
        const before = { id: await save(read), payload: JSON.stringify(read) };
        const after = { id: before.id, payload: {}, expiresAt: far };
        assert.equal(await access.store().artifacts.replaceSession(before, after), false);
        assert.deepEqual(await access.store().artifacts.find(model, before.id), read);
      });
    });

    test('endSessionsOf removes the sessions, grants and tokens of one person', async () => {
      const [accountId, sid] = [fresh('u'), fresh('sid')];
      const session = await save({ accountId, authorizations: { a: { sid } } }, far, 'Session');
      const token = await save({ accountId, grantId: fresh('grant') });
      const others = await save({ accountId: fresh('u') });
      await access.store().artifacts.endSessionsOf(accountId);
      assert.equal(await access.store().artifacts.sessionStands(sid, now), false);
      assert.equal(await access.store().artifacts.find('Session', session), undefined);
      assert.equal(await access.store().artifacts.find(model, token), undefined);
      assert.ok(await access.store().artifacts.find(model, others));
    });
  });
}
