import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkRecord } from '../packages/server/src/audit/record-schema.ts';
import { toRecordedAsk } from '../packages/server/src/changes/recorded-ask.ts';
import { compileAccess } from '../packages/server/src/policy/compile.ts';
import { decide } from '../packages/server/src/policy/decide.ts';
import { parsePolicy } from '../packages/server/src/policy/parse.ts';
import { accessOf, createDice, peopleOf } from './large-model.ts';
import { createLines } from './large-record.ts';

describe('a large organisation', () => {
  const size = { people: 500, groups: 50, servers: 30, rules: 200 };

  test('is the same each time', () => {
    assert.deepEqual([...peopleOf(size)], [...peopleOf(size)]);
    assert.deepEqual(accessOf(size), accessOf(size));
    const dice = createDice(1);
    assert.deepEqual(
      [dice(1000), dice(1000), dice(1000)],
      [dice, dice, dice].map(
        (
          (again) => () =>
            again(1000)
        )(createDice(1)),
      ),
    );
  });

  test('is as large as it was asked to be, and its policy is in order', () => {
    const parsed = parsePolicy(JSON.stringify(accessOf(size)), 'access');
    assert.ok(parsed.ok, JSON.stringify(parsed));
    const document = parsed.document as Parameters<typeof compileAccess>[0];
    const index = compileAccess(document, { version: 1, localRas: undefined });
    assert.equal(index.servers.size, size.servers);
    assert.equal(document.rules.length, size.rules);
    const people = [...peopleOf(size)];
    assert.equal(new Set(people.map(({ email }) => email)).size, size.people);
    assert.ok(people.every(({ groups }) => groups.length > 0));
  });

  test('has a record that its policy decided: some refused, most not, the same each time', () => {
    const parsed = parsePolicy(JSON.stringify(accessOf(size)), 'access');
    assert.ok(parsed.ok);
    const index = compileAccess(parsed.document as Parameters<typeof compileAccess>[0], {
      version: 1,
      localRas: undefined,
    });
    const [lineOf, again] = [createLines(size, index), createLines(size, index)];
    const lines = Array.from({ length: 400 }, (_, at) => lineOf(at, 1_800_000_000_000 + at));
    assert.deepEqual(lines[7], again(7, 1_800_000_000_007));
    const refused = lines.filter(({ outcome }) => outcome === 'refused');
    assert.ok(refused.length > 5 && refused.length < 100, `${refused.length} refused`);
    for (const line of lines) {
      const ask = toRecordedAsk(line);
      assert.ok(ask);
      const { effect, scopes } = decide(index, ask);
      assert.equal(line.decision?.effect, effect);
      assert.deepEqual(line.scopesGranted ?? [], line.outcome === 'allowed' ? scopes : []);
      assert.equal(checkRecord(line, { erased: false }), undefined);
    }
  });
});
