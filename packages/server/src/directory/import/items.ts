import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { isObject, type JsonObject, parseStrictJson, parseStrictObject } from '@credence/mcp/protocol';
import { Problem } from '../../problem.ts';
import { memberOf } from '../scim/operations.ts';
import { type CsvRecord, readCsv } from './csv.ts';

/** One person or group of a file, or what is wrong with it. */
export type Item =
  | { readonly kind: 'user'; readonly where: string; readonly body: JsonObject; readonly groups?: readonly string[] }
  | { readonly kind: 'group'; readonly where: string; readonly body: JsonObject }
  | { readonly kind: 'problem'; readonly where: string; readonly words: string };

export type ImportFormat = 'json' | 'json-lines' | 'csv';

/** Columns of a CSV file, by their names in any case, and where their values go. */
const columns = [
  'userName',
  'externalId',
  'displayName',
  'givenName',
  'familyName',
  'email',
  'active',
  'title',
  'groups',
];

/** Tells the format by the name of the file, else by how it begins. */
export async function formatOf(file: string): Promise<ImportFormat> {
  if (/\.csv$/i.test(file)) return 'csv';
  if (/\.(jsonl|ndjson)$/i.test(file)) return 'json-lines';
  for await (const line of createInterface({ input: createReadStream(file, 'utf8') })) {
    const start = line.replace(/^\ufeff/, '').trim();
    if (start === '') continue;
    if (!start.startsWith('{') && !start.startsWith('[')) return 'csv';
    const first = parseStrictObject(start, 32);
    return first && !isList(first) ? 'json-lines' : 'json';
  }
  return 'json-lines';
}

/**
 * Everything in the file, in its order.
 * @param onBytes - told how many bytes were read so far
 */
export async function* readItems(
  file: string,
  format: ImportFormat,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Item> {
  if (format === 'json') return yield* readDocument(file);
  const stream = createReadStream(file, 'utf8');
  stream.on('data', () => onBytes(stream.bytesRead));
  if (format === 'csv') return yield* readTable(stream);
  let line = 0;
  for await (const text of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1;
    if (text.trim() === '') continue;
    yield toItem(parseStrictObject(text, 32), `line ${line}`);
  }
}

/** A ListResponse (RFC 7644 §3.4.2), or an array of resources. It is read whole: for much more than 100 MB use JSON lines. */
async function* readDocument(file: string): AsyncGenerator<Item> {
  const document = parseStrictJson((await readFile(file, 'utf8')).replace(/^\ufeff/, ''), 32);
  const list = isObject(document) ? memberOf(document, 'Resources') : document;
  if (!Array.isArray(list)) {
    throw new Problem(
      `${file} is neither JSON lines, nor a ListResponse, nor an array of users and groups.`,
      'Write one JSON object a line, or a CSV file with the columns userName, displayName, email, active, groups.',
    );
  }
  for (const [at, each] of list.entries()) yield toItem(isObject(each) ? each : undefined, `Resources[${at}]`);
}

function isList(object: JsonObject): boolean {
  return Array.isArray(memberOf(object, 'Resources'));
}

function toItem(body: JsonObject | undefined, where: string): Item {
  if (!body) return { kind: 'problem', where, words: 'is no JSON object, or names a member twice' };
  if (memberOf(body, 'userName') !== undefined) return { kind: 'user', where, body };
  if (memberOf(body, 'displayName') !== undefined) return { kind: 'group', where, body };
  return { kind: 'problem', where, words: 'has neither a userName nor a displayName' };
}

async function* readTable(pieces: AsyncIterable<string>): AsyncGenerator<Item> {
  let header: (string | undefined)[] | undefined;
  for await (const record of readCsv(pieces)) {
    if (header) yield toUser(record, header);
    else header = toHeader(record);
  }
}

function toHeader({ fields }: CsvRecord): (string | undefined)[] {
  const names = fields.map((field) => columns.find((name) => name.toLowerCase() === field.trim().toLowerCase()));
  if (names.includes('userName')) return names;
  throw new Problem('The first line of the CSV file has no column userName.', `Columns are: ${columns.join(', ')}.`);
}

function toUser({ line, fields }: CsvRecord, header: readonly (string | undefined)[]): Item {
  const cells = Object.fromEntries(
    header.flatMap((name, at) => (name === undefined ? [] : [[name, (fields[at] ?? '').trim()]])),
  );
  const { userName, givenName, familyName, email, groups, active, ...rest } = cells;
  const body: JsonObject = { userName, ...rest };
  if (givenName || familyName) body.name = { givenName, familyName };
  if (email) body.emails = [{ value: email, type: 'work', primary: true }];
  if (active) body.active = active;
  const where = `line ${line}`;
  if (groups === undefined) return { kind: 'user', where, body };
  const names = groups.split(';').map((name) => name.trim());
  return { kind: 'user', where, body, groups: names.filter((name) => name !== '') };
}
