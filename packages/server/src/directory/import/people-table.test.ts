import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readPeopleTable } from './people-table.ts';

describe('a table of people', () => {
  test('has its columns in any order and case, beside others', async () => {
    const table = await readPeopleTable(
      'Groups,title,NAME,Email\n"a; b;a",x,Erin,erin@acme.example\n,,Finn,finn@acme.example',
      9,
    );
    assert.deepEqual(table, {
      ok: true,
      rows: [
        { line: 2, email: 'erin@acme.example', name: 'Erin', groups: ['a', 'b'] },
        { line: 3, email: 'finn@acme.example', name: 'Finn', groups: [] },
      ],
    });
  });

  test('may be one for credence scim import', async () => {
    const table = await readPeopleTable('userName,displayName\nerin@acme.example,Erin', 9);
    assert.ok(table.ok);
    assert.deepEqual(table.rows, [{ line: 2, email: 'erin@acme.example', name: 'Erin', groups: [] }]);
  });

  test('T27: of a hundred thousand columns those that count are looked for once', async () => {
    const { user } = process.cpuUsage();
    const table = await readPeopleTable(`${'x,'.repeat(100_000)}email,name\n${'a\n'.repeat(2000)}`, 2000);
    assert.ok(table.ok && table.rows.length === 2000);
    const seconds = (process.cpuUsage().user - user) / 1e6;
    assert.ok(seconds < 0.5, `${seconds} s of CPU`);
  });

  const refused: [name: string, text: string, words: RegExp][] = [
    ['nothing', '', /no column email/],
    ['no names', 'email\nerin@acme.example', /no column name/],
    ['nobody', 'email,name\n', /nobody/],
    ['too many', 'email,name\na@b,A\nb@b,B\nc@b,C', /more than 2/],
  ];
  for (const [name, text, words] of refused) {
    test(`${name}: says what is wrong`, async () => {
      const table = await readPeopleTable(text, 2);
      assert.ok(!table.ok);
      assert.match(table.words, words);
    });
  }
});
