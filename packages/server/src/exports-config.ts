import { isIP } from 'node:net';
import { z } from 'zod';

/** `exports` in `credence.yaml`: where the record goes besides the store. Keys of one kind of destination are refused at another. */

/** Lines a destination takes; CSV is for people, by `credence audit export`. */
const format = z.enum(['jsonl', 'ocsf', 'cef'], 'must be jsonl, ocsf or cef');

const file = z.string().min(1);

const mebibyte = 1024 * 1024;

const common = {
  /** Its cursor goes by this name: another name is another export, which begins at the beginning. */
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be 1 to 40 letters in lower case, digits or -'),
  /** Kinds of record; all of them where it is left out. */
  records: z.array(z.string().min(1)).min(1, 'must name at least one kind of record').optional(),
};

const address = z
  .string()
  .regex(/^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]+\]):\d{1,5}$/, 'must be HOST:PORT, such as siem.acme.example:6514')
  .refine((text) => portOf(text) >= 1 && portOf(text) <= 65_535, 'has no such port')
  .refine((text) => !text.startsWith('[') || isIP(hostOf(text)) === 6, 'is no address');

const FileExport = z.strictObject({
  ...common,
  kind: z.literal('file'),
  format: format.default('jsonl'),
  path: file,
  /** A file of this size is put aside, and another begun. */
  maxBytes: z
    .int('must be a whole number')
    .min(mebibyte, 'at least 1048576')
    .default(100 * mebibyte),
  /** Files that were put aside and are kept. */
  keep: z.int('must be a whole number').min(1, '1 to 1000').max(1000, '1 to 1000').default(10),
});

const StdoutExport = z.strictObject({ ...common, kind: z.literal('stdout'), format: format.default('jsonl') });

const SyslogExport = z.strictObject({
  ...common,
  kind: z.literal('syslog'),
  format: format.default('jsonl'),
  address,
  /** Authorities of the receiver's certificate; those that Node knows where it is left out. */
  ca: z.array(file).min(1, 'must name at least one file').optional(),
  /** Our own certificate, where the receiver wants to see one. */
  cert: file.optional(),
  key: file.optional(),
});

const WebhookExport = z.strictObject({
  ...common,
  kind: z.literal('webhook'),
  format: z.enum(['jsonl', 'ocsf'], 'must be jsonl or ocsf: the body is JSON').default('jsonl'),
  url: z.string().refine(isPostedTo, 'must be an https URL without credentials or fragment (http on localhost only)'),
  /** One secret, or two while they are changed, a line each. */
  secretFile: file,
  /** A record that was answered with a fault so often is put with the dead letters. */
  tries: z.int('must be a whole number').min(3, '3 to 1000').max(1000, '3 to 1000').default(10),
});

const ExportEntry = z
  .discriminatedUnion('kind', [FileExport, StdoutExport, SyslogExport, WebhookExport], {
    error: ({ code }) => (code === 'invalid_union' ? 'kind must be file, stdout, syslog or webhook' : undefined),
  })
  .refine((entry) => entry.kind !== 'syslog' || (entry.cert === undefined) === (entry.key === undefined), {
    error: 'cert and key belong together',
  });

export const ExportsSection = z
  .array(ExportEntry)
  .max(20, 'at most 20')
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'two exports have the same name')
  .default([]);

/** One export, with absolute paths. */
export type ExportSettings = z.output<typeof ExportEntry>;
export type FileSettings = z.output<typeof FileExport>;
export type SyslogSettings = z.output<typeof SyslogExport>;
export type WebhookSettings = z.output<typeof WebhookExport>;

/** @param at - resolves a path of the configuration */
export function locateExports(entries: readonly ExportSettings[], at: (path: string) => string): ExportSettings[] {
  return entries.map((entry) => {
    if (entry.kind === 'file') return { ...entry, path: at(entry.path) };
    if (entry.kind === 'webhook') return { ...entry, secretFile: at(entry.secretFile) };
    if (entry.kind === 'stdout') return entry;
    const { ca, cert, key } = entry;
    return { ...entry, ...(ca && { ca: ca.map(at) }), ...(cert && key && { cert: at(cert), key: at(key) }) };
  });
}

export function hostOf(text: string): string {
  return text.slice(0, text.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}

export function portOf(text: string): number {
  return Number(text.slice(text.lastIndexOf(':') + 1));
}

/** https, or http to this machine, and nothing in it that a log should not hold. */
export function isPostedTo(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password, hash } = new URL(text);
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return (
    (protocol === 'https:' || (protocol === 'http:' && isLocal)) && username === '' && password === '' && hash === ''
  );
}

/** Where the record goes, for whoever looks. Of a webhook its host only: what stands behind it is often the secret. */
export function placeOf(settings: ExportSettings): string {
  if (settings.kind === 'file') return settings.path;
  if (settings.kind === 'syslog') return settings.address;
  return settings.kind === 'webhook' ? new URL(settings.url).host : 'stdout';
}
