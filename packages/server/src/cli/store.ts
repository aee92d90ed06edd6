import { Command } from 'commander';
import { readPlaces } from '../config.ts';
import { toHome } from '../home.ts';
import { Problem } from '../problem.ts';
import { readPurgeTime } from '../store/purge-time.ts';
import type { PostgresSettings } from '../store-config.ts';
import { homeOption } from './home-option.ts';
import { addMoveCommands } from './store-move.ts';
import { configFileOf, type InstallationFlags, withStore } from './with-store.ts';

/** `credence store upgrade|roles|purge|migrate|unfence|epoch`: what is done by hand, or by a timer. */
export function storeCommand(): Command {
  const store = new Command('store')
    .description('look after the store, in PostgreSQL above all')
    .addHelpText('after', examples);
  store
    .command('upgrade')
    .description('bring the tables to this version; for servers that may not do it themselves')
    .addOption(homeOption())
    .option('--user <name>', 'log in as this user, the owner of the tables')
    .option('--password-file <file>', "that user's password")
    .action(upgrade);
  store
    .command('roles')
    .description('print the SQL that makes database roles, one for each part, each with exactly its rights')
    .action(async () => {
      const { toRolesSql } = await import('../store/postgres-roles.ts');
      process.stdout.write(toRolesSql());
    });
  store
    .command('purge')
    .description('remove what has expired; for servers whose user may not remove marks')
    .addOption(homeOption())
    .option('--user <name>', 'log in as this user, who has the role credence_purge')
    .option('--password-file <file>', "that user's password")
    .action((flags: AsUser) =>
      withStore(flags, async (opened) => opened.purge(await readPurgeTime(opened)), asUser(flags)),
    );
  addMoveCommands(store);
  return store;
}

const examples = `
Examples:
  credence store upgrade --config /etc/credence.yaml --user credence_owner --password-file /etc/credence/owner-password
  credence store roles | psql --set ON_ERROR_STOP=1 --single-transaction credence
  credence store purge --config /etc/credence.yaml --user credence_purger --password-file /run/purger-password
  credence store migrate --home /var/lib/credence --to postgres://credence@db.acme.example/credence --password-file /etc/credence/store-password
  credence store epoch --reason 'db2 took over without the last commits of db1'`;

/** Who a command logs in to PostgreSQL as, where that is not the user of the server. */
export interface AsUser extends InstallationFlags {
  readonly user?: string;
  readonly passwordFile?: string;
}

async function upgrade(flags: AsUser): Promise<void> {
  const { store: settings } = await readPlaces(await configFileOf(flags), toHome(flags.home).configFile);
  if (!settings) {
    throw new Problem(
      'The store of this configuration is an SQLite file: the server upgrades it when it starts.',
      'Name the configuration with `store: postgres://...` by --config.',
    );
  }
  const { upgradePostgres } = await import('../store/postgres.ts');
  const steps = await upgradePostgres(asUser(flags)(settings));
  process.stdout.write(steps.length > 0 ? `done: ${steps.join(', ')}\n` : 'the tables are of this version already\n');
}

/** Another login than the one that the configuration names. */
export function asUser({ user, passwordFile }: AsUser): (settings: PostgresSettings) => PostgresSettings {
  return (settings) => ({
    ...settings,
    user: user ?? settings.user,
    passwordFile: passwordFile ?? (user === undefined ? settings.passwordFile : undefined),
  });
}
