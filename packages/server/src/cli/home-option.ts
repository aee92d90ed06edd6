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
