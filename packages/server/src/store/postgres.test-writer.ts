// A process of its own for postgres-nodes.test.ts.
import type { PostgresSettings } from '../store-config.ts';
import { writeBursts } from './contract/writer-process.ts';
import { openPostgresStore } from './postgres.ts';

const [settings = '{}', node = '', count = 'forever'] = process.argv.slice(2);
await writeBursts(await openPostgresStore(JSON.parse(settings) as PostgresSettings, { node }), node, count);
