import { readFile } from 'node:fs/promises';
import { parse as parseYaml } from 'yaml';
import type { z } from 'zod';
import { Problem } from './problem.ts';

/** Flags of `credence serve`; each wins over the file. */
export interface ServeFlags {
  readonly role?: readonly string[] | undefined;
  readonly config?: string | undefined;
  readonly host?: string | undefined;
  readonly idpPort?: string | undefined;
  readonly rasPort?: string | undefined;
  readonly adminPort?: string | undefined;
  readonly metricsPort?: string | undefined;
  readonly logLevel?: string | undefined;
  readonly logFormat?: string | undefined;
  readonly workers?: string | undefined;
  readonly tls?: boolean | undefined;
  readonly demo?: boolean | undefined;
}

/** What a configuration file says, before any of it is checked; nothing where there is none and none was asked for. */
export async function readConfigFile(file: string, isRequired: boolean): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && !isRequired) return {};
    throw new Problem(
      `Cannot read the configuration ${file}: ${reasonOf(error)}.`,
      'Check the path and its permissions.',
    );
  }
  let value: unknown;
  try {
    value = parseYaml(text) ?? {};
  } catch (error) {
    const [summary] = (error as Error).message.split('\n');
    throw new Problem(`${file} is not valid YAML: ${summary}`, 'Mend the line named above.');
  }
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new Problem(`${file} must hold a mapping at the top.`, 'See docs/operate/configuration.md.');
  }
  return value as Record<string, unknown>;
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const words: Record<string, string> = {
    ENOENT: 'there is no such file',
    EACCES: 'permission denied',
    EISDIR: 'it is a folder',
  };
  return words[code ?? ''] ?? message;
}

/** Lays flags over the file's values, so that one schema judges both. */
export function withFlags(raw: Record<string, unknown>, flags: ServeFlags): Record<string, unknown> {
  const section = (name: string, members: Record<string, unknown>) => {
    const given = Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
    const inFile = raw[name];
    if (Object.keys(given).length === 0 || (inFile !== undefined && typeof inFile !== 'object')) return inFile;
    return { ...(inFile as object | undefined), ...given };
  };
  const merged: Record<string, unknown> = {
    ...raw,
    idp: section('idp', { port: toNumber(flags.idpPort) }),
    ras: section('ras', { port: toNumber(flags.rasPort) }),
    admin: section('admin', { port: toNumber(flags.adminPort) }),
    metrics: section('metrics', { port: toNumber(flags.metricsPort) }),
    log: section('log', { level: flags.logLevel, format: flags.logFormat }),
    roles: flags.role ?? raw.roles,
    host: flags.host ?? raw.host,
    workers: toNumber(flags.workers) ?? raw.workers,
    tls: flags.tls ? (raw.tls ?? 'development') : raw.tls,
  };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
}

/** Digits become a number; anything else is left for the schema to refuse by name. */
function toNumber(flag: string | undefined): number | string | undefined {
  return flag !== undefined && /^\d{1,6}$/.test(flag) ? Number(flag) : flag;
}

/** Every problem at once, with the path of the value and what is allowed. */
export function toProblem(error: z.ZodError, file: string): Problem {
  const lines = error.issues.map(({ path, message }) => `${path.join('.') || '(top)'}: ${message}`);
  return new Problem(
    `The configuration has ${lines.length === 1 ? 'a problem' : `${lines.length} problems`}:\n${lines.map((line) => `  ${line}`).join('\n')}`,
    `Change ${file} or the flags. All keys: docs/operate/configuration.md.`,
  );
}
