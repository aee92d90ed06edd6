import { after, before } from 'node:test';
import type { PostgresSettings } from '../../store-config.ts';
import { upgradePostgres } from '../postgres.ts';
import { toRolesSql } from '../postgres-roles.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';

/** A server for the tests of one file, and databases on it that nobody else has. */
export interface PostgresDatabases {
  server(): PostgresServer;
  fresh(): Promise<PostgresSettings>;
  /** One whose tables are there, and a login that has some of the roles and owns nothing. */
  withRoles(...roles: string[]): Promise<PostgresSettings>;
}

/** To be called once, at the top of a test file. */
export function usePostgres(): PostgresDatabases {
  let started: PostgresServer | undefined;
  let made = 0;
  before(async () => {
    started = await startPostgres();
  });
  after(() => started?.close());
  const server = () => {
    if (!started) throw new Error('the server is started before the first test');
    return started;
  };
  const fresh = () => server().createDatabase(`test_${++made}`);
  return {
    server,
    fresh,
    async withRoles(...roles) {
      const settings = await fresh();
      await upgradePostgres(settings);
      await server().run(settings.database, toRolesSql());
      const user = `login_${made}`;
      await server().run('postgres', `CREATE ROLE ${user} LOGIN PASSWORD 'a password of the tests'`);
      for (const role of roles) await server().run('postgres', `GRANT credence_${role} TO ${user}`);
      return { ...settings, user };
    },
  };
}
