import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Factor, type Person, StoreConflict } from '../store.ts';
import { type Access, erin, far, fresh, now, row } from './fixtures.ts';

/** Second factors, and codes that work once. */
export function factorContract(access: Access): void {
  describe('factors', () => {
    const factors = () => access.store().factors;
    const newPerson = async (): Promise<Person> => {
      const person = erin();
      await access.store().people.save(person);
      return person;
    };
    const app = ({ id: personId }: Person, change: Partial<Factor> = {}): Factor => ({
      id: fresh('f'),
      personId,
      kind: 'totp',
      name: 'Phone',
      material: 'sealed',
      credentialId: undefined,
      isSynced: false,
      counter: 5,
      createdAt: now,
      lastUsedAt: undefined,
      ...change,
    });
    const passkey = (person: Person, change: Partial<Factor> = {}) =>
      app(person, { kind: 'passkey', credentialId: fresh('credential'), isSynced: true, counter: 0, ...change });
    const add = (factor: Factor, more: object = {}) => factors().add(factor, { now, records: [], ...more });

    test('come back as they were added, oldest first, each with its person alone', async () => {
      const [person, other] = [await newPerson(), await newPerson()];
      const [one, two] = [app(person), passkey(person, { createdAt: now + 1 })];
      for (const factor of [two, one, passkey(other)]) assert.equal(await add(factor), true);
      assert.deepEqual(await factors().of(person.id), [one, two]);
      assert.deepEqual(await factors().findPasskey(String(two.credentialId)), two);
      assert.equal(await factors().findPasskey('nothing'), undefined);
      assert.deepEqual(await factors().of('nobody'), []);
    });

    test('a credential belongs to one person, and a refused addition leaves nothing, no line either', async () => {
      const [person, other] = [await newPerson(), await newPerson()];
      const one = passkey(person);
      await add(one);
      const line = row();
      const copy = { ...one, id: fresh('f'), personId: other.id };
      await assert.rejects(add(copy, { recoveryCodes: ['a'], records: [line] }), StoreConflict);
      assert.deepEqual(await factors().of(other.id), []);
      assert.equal(await factors().recoveryCodesLeft(other.id), 0);
      assert.equal(await access.store().audit.find(line.id), undefined);
    });

    test('of eight that use one time step up at once, by two ways in, exactly one does; steps before it are gone too', async () => {
      const factor = app(await newPerson());
      await add(factor);
      const other = await access.another();
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, (_, index) => (index % 2 ? other.factors : factors()).advance(factor.id, 7, now)),
      );
      assert.equal(outcomes.filter(Boolean).length, 1);
      for (const [step, wins] of [
        [7, false],
        [6, false],
        [0, false],
        [8, true],
      ] as const) {
        assert.equal(await factors().advance(factor.id, step, now + 1), wins, `${step}`);
      }
      const [kept] = await factors().of(factor.personId);
      assert.deepEqual([kept?.counter, kept?.lastUsedAt], [8, now + 1]);
      assert.equal(await factors().advance('nothing', 9, now), false);
    });

    test('a passkey without a counter is used again and again', async () => {
      const factor = passkey(await newPerson());
      await add(factor);
      assert.deepEqual(
        [await factors().advance(factor.id, 0, now), await factors().advance(factor.id, 0, now)],
        [true, true],
      );
      assert.equal(await factors().advance(factor.id, 1, now), true);
      assert.equal(await factors().advance(factor.id, 0, now), false, 'and never goes back to none');
    });

    test('an enrolment code is spent with the addition, by one caller, while it is good', async () => {
      const person = await newPerson();
      await factors().setEnrolmentCode(person.id, 'old', far, []);
      await factors().setEnrolmentCode(person.id, 'hash', now + 1, [row()]);
      assert.equal(await factors().hasEnrolmentCode(person.id, 'old', now), false, 'a new one replaces it');
      assert.equal(await factors().hasEnrolmentCode(person.id, 'hash', now), true);
      assert.equal(await factors().hasEnrolmentCode(person.id, 'hash', now + 1), false);
      assert.equal(await factors().hasEnrolmentCode((await newPerson()).id, 'hash', now), false);
      const line = row();
      assert.equal(await add(app(person), { enrolmentCode: 'hash', now: now + 1, records: [line] }), false);
      assert.equal(await access.store().audit.find(line.id), undefined);
      const options = () => ({ enrolmentCode: 'hash', recoveryCodes: ['a', 'b'], records: [row()] });
      const outcomes = await Promise.all([1, 2, 3].map(() => add(app(person), options())));
      assert.equal(outcomes.filter(Boolean).length, 1);
      assert.equal((await factors().of(person.id)).length, 1);
      assert.equal(await factors().recoveryCodesLeft(person.id), 2);
      assert.equal(await factors().hasEnrolmentCode(person.id, 'hash', now), false);
    });

    test('of eight that spend one recovery code at once, exactly one does, and it alone leaves a line', async () => {
      const [person, other] = [await newPerson(), await newPerson()];
      await factors().setRecoveryCodes(person.id, ['x', 'y'], []);
      const elsewhere = await access.another();
      const lines = Array.from({ length: 8 }, () => row());
      const outcomes = await Promise.all(
        lines.map((line, index) =>
          (index % 2 ? elsewhere.factors : factors()).spendRecoveryCode(person.id, 'x', now, [line]),
        ),
      );
      assert.equal(outcomes.filter(Boolean).length, 1);
      const found = await Promise.all(lines.map(({ id }) => access.store().audit.find(id)));
      assert.equal(found.filter((line) => line !== undefined).length, 1);
      assert.equal(await factors().spendRecoveryCode(other.id, 'y', now, []), false);
      assert.equal(await factors().recoveryCodesLeft(person.id), 1);
      await factors().setRecoveryCodes(person.id, ['z'], []);
      assert.equal(await factors().spendRecoveryCode(person.id, 'y', now, []), false, 'replaced');
    });

    test('rename and remove reach this person alone; with the last factor go the recovery codes', async () => {
      const [person, other] = [await newPerson(), await newPerson()];
      const [one, two] = [app(person), passkey(person, { createdAt: now + 1 })];
      await add(one, { recoveryCodes: ['a'] });
      await add(two);
      assert.equal(await factors().rename(other.id, one.id, 'stolen', [row()]), false);
      assert.equal(await factors().rename(person.id, one.id, 'Old phone', [row()]), true);
      assert.equal(await factors().remove(other.id, one.id, [row()]), false);
      assert.equal((await factors().of(person.id))[0]?.name, 'Old phone');
      assert.equal(await factors().remove(person.id, one.id, [row()]), true);
      assert.equal(await factors().recoveryCodesLeft(person.id), 1);
      assert.equal(await factors().remove(person.id, two.id, [row()]), true);
      assert.equal(await factors().recoveryCodesLeft(person.id), 0);
    });

    test('reset takes everything of one person, sessions too, and of nobody else', async () => {
      const [person, other] = [await newPerson(), await newPerson()];
      for (const each of [person, other]) {
        await add(app(each), { recoveryCodes: ['a'] });
        await add(passkey(each));
        await factors().setEnrolmentCode(each.id, 'code', far, []);
        await access.store().artifacts.upsert('Session', `session of ${each.id}`, { accountId: each.id }, far);
      }
      assert.equal(await factors().reset(person.id, [row()]), 2);
      assert.deepEqual(await factors().of(person.id), []);
      assert.equal(await factors().recoveryCodesLeft(person.id), 0);
      assert.equal(await factors().hasEnrolmentCode(person.id, 'code', now), false);
      assert.equal(await access.store().artifacts.find('Session', `session of ${person.id}`), undefined);
      assert.equal((await factors().of(other.id)).length, 2);
      assert.equal(await factors().recoveryCodesLeft(other.id), 1);
      assert.ok(await access.store().artifacts.find('Session', `session of ${other.id}`));
    });
  });
}
