// npm run large -- --home DIR [--people 100000] [--groups 2000] [--servers 1000] [--rules 10000] [--records 0]
//
// Makes a home with a large organisation in it, the same one each time, to see how fast things are. Serve it with
// credence serve --home DIR.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { toRow } from '../packages/server/src/audit/record.ts';
import { compileAccess } from '../packages/server/src/policy/compile.ts';
import { parseDocument } from '../packages/server/src/policy/parse.ts';
import { openSqliteStore } from '../packages/server/src/store/sqlite.ts';
import { accessOf, large, peopleOf, type Size } from './large-model.ts';
import { createLines } from './large-record.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: { home: text, people: text, groups: text, servers: text, rules: text, records: text },
});
if (values.home === undefined || existsSync(values.home)) {
  console.error('Name a folder that is not there yet: npm run large -- --home DIR');
  process.exit(2);
}
const size: Size = {
  people: Number(values.people ?? large.people),
  groups: Number(values.groups ?? large.groups),
  servers: Number(values.servers ?? large.servers),
  rules: Number(values.rules ?? large.rules),
};
const records = Number(values.records ?? 0);
const { home } = values;
mkdirSync(home, { recursive: true, mode: 0o700 });
writeFileSync(join(home, 'access.yaml'), JSON.stringify(accessOf(size)));
const file = join(home, 'store.db');
const store = await openSqliteStore(file, { node: 'large' });
fillPeople();
await fillRecord();
await store.close();
console.log(
  `${size.people} people, ${size.groups} groups, ${size.servers} servers, ${size.rules} rules, ${records} records`,
);

/** All in one step, past the store, which would make each durable by itself. */
function fillPeople(): void {
  const database = new DatabaseSync(file);
  database.exec('BEGIN');
  const group = database.prepare(
    `INSERT INTO groups (kind, id, source, name, name_folded, version, created_ms, modified_ms)
     VALUES (?, ?, 'local', ?, ?, 1, 0, 0)`,
  );
  for (let at = 0; at < size.groups; at += 1) group.run('group', `group-${at}`, `Group ${at}`, `group ${at}`);
  group.run('role', 'contractor', 'Contractor', 'contractor');
  const person = database.prepare(
    `INSERT INTO people (id, source, email, email_folded, name, active) VALUES (?, 'local', ?, ?, ?, 1)`,
  );
  const member = database.prepare('INSERT INTO memberships (person_id, kind, of_id) VALUES (?, ?, ?)');
  for (const { id, email, name, groups, roles } of peopleOf(size)) {
    person.run(id, email, email, name);
    for (const of of groups) member.run(id, 'group', of);
    for (const of of roles) member.run(id, 'role', of);
  }
  database.exec('COMMIT');
  database.close();
}

/** Spread over the last thirty days, the newest last. */
async function fillRecord(): Promise<void> {
  if (records === 0) return;
  const parsed = parseDocument(accessOf(size), 'access');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.findings.slice(0, 3)));
  const document = parsed.document as Parameters<typeof compileAccess>[0];
  const lineOf = createLines(size, compileAccess(document, { version: 1, localRas: undefined }));
  const [now, step] = [Date.now(), (30 * 86_400_000) / Math.max(1, records)];
  for (let from = 0; from < records; from += 1000) {
    const count = Math.min(1000, records - from);
    const rows = Array.from({ length: count }, (_, at) => {
      const timeMs = Math.round(now - (records - from - at) * step);
      return toRow(lineOf(from + at, timeMs));
    });
    await store.commit({ marks: [], records: rows });
  }
  while ((await store.auditSearch.indexFurther()) > 0);
  while ((await store.agentUses.catchUp(5000)) > 0);
}
