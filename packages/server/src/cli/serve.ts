import { Command, Option } from 'commander';
import { roles } from '../config-schema.ts';
import type { ServeFlags } from '../config-text.ts';
import { configOption, homeOption } from './home-option.ts';

/** `credence serve`: runs the roles of this installation until it is told to stop. */
export function serveCommand(): Command {
  const collect = (role: string, before: string[] | undefined) => [...(before ?? []), role];
  return new Command('serve')
    .description('run the identity provider, the resource authorization server, the gateway and the admin listener')
    .addOption(
      new Option('--role <role>', `one of ${roles.join(', ')}; may be repeated; all by default`).argParser(
        collect as (role: string) => string[],
      ),
    )
    .addOption(homeOption())
    .addOption(configOption())
    .option('--idp-port <port>', 'port of the identity provider (4000; 0 = any free one)')
    .option('--ras-port <port>', 'port of the RAS and the gateway (4001)')
    .option('--admin-port <port>', 'port of the admin listener (4002)')
    .option('--metrics-port <port>', 'serve metrics on localhost at this port (not at all)')
    .option('--log-level <level>', 'error, warn, info or debug (info)')
    .option('--log-format <format>', 'json, or text for somebody who looks on (json)')
    .option('--host <host>', 'address to listen on (localhost)')
    .option('--workers <count>', 'processes that answer, one for each core (1); one more writes the store for them')
    .option('--tls', 'serve https with a development CA made in the home')
    .option('--demo', 'fill the home with the organisation "Acme"; loopback only')
    .addHelpText('after', examples)
    .action(async (options: ServeFlags & { home: string }) => {
      // Loaded here and not above: no other command needs the half of the program that answers requests.
      const { startServer } = await import('../server.ts');
      const server = await startServer(options.home, options);
      process.stdout.write(server.readyText);
      await signalled();
      process.stdout.write('credence: stopping, letting running requests end\n');
      await server.stop();
      // Whoever reads what we say, an export among it, may have stopped reading: all is closed, and nobody waits for that.
      setTimeout(() => process.exit(), unreadMs).unref();
    });
}

const unreadMs = 1000;

const examples = `
Examples:
  credence serve --demo --home ./demo
  credence serve --home /var/lib/credence --config /etc/credence.yaml
  credence serve --role ras --role gateway --home /var/lib/credence-ras
  credence serve --workers 4 --home /var/lib/credence`;

/** Resolves at the first SIGINT or SIGTERM, or when the terminal goes away (SIGHUP); a second one ends the process at once. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(130));
        resolve();
      });
    }
  });
}
