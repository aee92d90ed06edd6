// A process of its own for sqlite.test.ts.
import { writeBursts } from './contract/writer-process.ts';
import { openSqliteStore } from './sqlite.ts';

const [file = '', node = '', count = 'forever'] = process.argv.slice(2);
await writeBursts(await openSqliteStore(file, { node }), node, count);
