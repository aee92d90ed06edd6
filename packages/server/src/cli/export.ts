import { chmod, writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { toVisibleJson } from '../audit/export-line.ts';
import { toYaml } from '../policy/to-yaml.ts';
import { Problem } from '../problem.ts';
import type { PolicyKind } from '../store/store.ts';
import { homeOption } from './home-option.ts';
import { type PlaceFlags, placeOptions, withPlace } from './installation.ts';

interface Options extends PlaceFlags {
  readonly file?: string;
  readonly kind: PolicyKind;
  readonly published?: number;
  readonly json?: boolean;
}

/** `credence export`: a policy document as it is in force, as YAML. Applied again it changes nothing. */
export function exportCommand(): Command {
  const command = new Command('export').description('write a policy document as it is in force, as YAML');
  for (const option of [...placeOptions(), homeOption()]) command.addOption(option);
  return command
    .addOption(new Option('--kind <kind>', 'which document').choices(['access', 'resource']).default('access'))
    .option('-f, --file <file>', 'where to (default: standard output)')
    .option('--published <version>', 'an older version', (text) => Number(text))
    .option('--json', 'as JSON instead')
    .addHelpText('after', '\nExit code 0: written. 1: it could not be.\nExample:\n  credence export -f access.yaml')
    .action(async ({ kind, file, published, json, ...flags }: Options) => {
      if (kind === 'resource' && flags.url !== undefined)
        throw new Problem(
          'The resource document is exported only on the machine itself: the admin API tells nobody what upstreams are.',
          'Run it there, with --home, and without --url and CREDENCE_URL.',
        );
      await withPlace(flags, async (place) => {
        const version = published ?? (await place.versions(kind))[0]?.version;
        if (version === undefined)
          throw new Problem(
            `There is no ${kind} document yet at ${place.words}.`,
            'Begin with: credence apply -f FILE',
          );
        if (!Number.isSafeInteger(version) || version < 1)
          throw new Problem('--published takes the number of a version.', 'Such as --published 7.');
        const document = await place.document(kind, version);
        const text = json
          ? `${toVisibleJson(document)}\n`
          : `# Version ${version} of the ${kind} document.\n${toYaml(kind, document)}`;
        if (file === undefined) process.stdout.write(text);
        else {
          // The resource document says what upstreams are started with.
          await writeFile(file, text, { mode: 0o600 });
          await chmod(file, 0o600);
        }
      });
    });
}
