import { readCsv } from './csv.ts';

/** One person of a table for the local directory. */
export interface TableRow {
  readonly line: number;
  readonly email: string;
  readonly name: string;
  /** Ids of local groups to join; nobody leaves one by a table. */
  readonly groups: readonly string[];
}

export type Table =
  | { readonly ok: true; readonly rows: readonly TableRow[] }
  | { readonly ok: false; readonly words: string };

/** Columns by their names in any case. The second names are those of a file for `credence scim import`. */
const columns = { email: ['email', 'username'], name: ['name', 'displayname'], groups: ['groups'] } as const;

/** Reads a table of people: `email`, `name`, and `groups` with a semicolon between two. Nothing in it is trusted yet. */
export async function readPeopleTable(text: string, maxRows: number): Promise<Table> {
  /** Where each column stands; -1 = there is none. */
  let places: Readonly<Record<keyof typeof columns, number>> | undefined;
  const rows: TableRow[] = [];
  for await (const { line, fields } of readCsv(inPieces(text))) {
    if (!places) {
      places = findColumns(fields.map((field) => field.trim().toLowerCase()));
      continue;
    }
    if (rows.length >= maxRows) return { ok: false, words: `It has more than ${maxRows} people: split it.` };
    const { email, name, groups: place } = places;
    const cell = (at: number) => (fields[at] ?? '').trim();
    const groups = cell(place)
      .split(';')
      .map((each) => each.trim());
    rows.push({
      line,
      email: cell(email),
      name: cell(name),
      groups: [...new Set(groups.filter((each) => each !== ''))],
    });
  }
  const missing = (['email', 'name'] as const).find((name) => (places?.[name] ?? -1) < 0);
  if (missing)
    return { ok: false, words: `The first line has no column ${missing}. Columns are: email, name, groups.` };
  return rows.length === 0 ? { ok: false, words: 'It has nobody in it.' } : { ok: true, rows };
}

function findColumns(header: readonly string[]): Record<keyof typeof columns, number> {
  const find = (names: readonly string[]) => names.map((name) => header.indexOf(name)).find((at) => at >= 0) ?? -1;
  return { email: find(columns.email), name: find(columns.name), groups: find(columns.groups) };
}

async function* inPieces(text: string): AsyncGenerator<string> {
  yield text;
}
