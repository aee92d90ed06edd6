import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { Option } from 'commander';

/** `--home DIR`: where everything this installation keeps lives. */
export function homeOption(): Option {
  return new Option('--home <dir>', 'folder that holds everything of this installation')
    .env('CREDENCE_HOME')
    .default(join(homedir(), '.credence'))
    .argParser((dir) => resolve(dir));
}

/** `--config FILE`: the configuration. Every command has it, since it says where the store is. */
export function configOption(): Option {
  return new Option(
    '--config <file>',
    'configuration file (default: the one the server was started with, or credence.yaml in the home)',
  ).env('CREDENCE_CONFIG');
}
