// A process of its own for sqlite.test.ts: commits in bursts until it is killed, and prints an id only once it is durable.
import { openSqliteStore } from './sqlite.ts';

const [file = '', node = '', count = 'forever'] = process.argv.slice(2);
const store = await openSqliteStore(file, { node });
const limit = count === 'forever' ? Number.POSITIVE_INFINITY : Number(count);
process.stdout.write('ready\n');

for (let burst = 0; burst * 10 < limit; burst++) {
  await Promise.all(
    Array.from({ length: 10 }, async (_, index) => {
      const number = burst * 10 + index;
      const id = `${node}-${number}`;
      const record = { id, kind: 'issuance', timeMs: number, body: JSON.stringify({ id }) };
      // Two writers meet at each of these marks; the one that wins says so.
      const mark = { kind: 'id_jag', id: `shared-${number}`, until: 4_000_000_000 } as const;
      const { won } = await store.commit({ marks: [mark], records: [record], recordsIfLost: () => [record] });
      process.stdout.write(`${id} ${won ? 'won' : 'lost'} ${mark.id}\n`);
    }),
  );
}
await store.close();
