// npm run api-client: writes the types of the client of the admin API anew, after its operations have changed.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { toClientTypes } from '../packages/server/src/admin/api/client/to-types.ts';
import { routes } from '../packages/server/src/admin/api/routes.ts';

const root = dirname(import.meta.dirname);
const file = join(root, 'packages/server/src/admin/api/client/operations.ts');
writeFileSync(file, toClientTypes(routes));
const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
process.exitCode = spawnSync(process.execPath, [biome, 'format', '--write', file], { stdio: 'inherit' }).status ?? 1;
