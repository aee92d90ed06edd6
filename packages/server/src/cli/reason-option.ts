import { isName } from '@credence/mcp/protocol';
import { InvalidArgumentError, Option } from 'commander';

/** `--reason TEXT`, for the record. One that a variable left empty tells nobody anything, and there is no way back. */
export function reasonOption(description: string): Option {
  return new Option('--reason <text>', description).makeOptionMandatory().argParser((text) => {
    if (isName(text.trim(), 500)) return text;
    throw new InvalidArgumentError('Say why, in up to 500 characters, on one line.');
  });
}
