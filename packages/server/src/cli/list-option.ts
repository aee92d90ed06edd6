import { Option } from 'commander';

/** An option that may be given more than once. */
export function listOption(flags: string, description: string): Option {
  const collect = (value: string, before: string[]) => [...before, value];
  return new Option(flags, description)
    .default([] as string[], 'none')
    .argParser(collect as (value: string) => string[]);
}
