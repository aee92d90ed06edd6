/** One record of a CSV file, and the line it starts on. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * Reads CSV as it comes, in pieces. Fields may stand in quotes, and then hold separators, line breaks and doubled quotes.
 * A byte order mark before the first field is left out. @see https://www.rfc-editor.org/rfc/rfc4180#section-2
 */
export async function* readCsv(pieces: AsyncIterable<string>): AsyncGenerator<CsvRecord> {
  let fields: string[] = [];
  let field = '';
  let state: 'start' | 'plain' | 'quoted' | 'after quote' = 'start';
  let line = 1;
  let startedOn = 1;
  let isFirst = true;
  const endField = () => {
    fields.push(field);
    field = '';
    state = 'start';
  };
  const endRecord = (): CsvRecord | undefined => {
    endField();
    const record = { line: startedOn, fields };
    fields = [];
    startedOn = line;
    return record.fields.length === 1 && record.fields[0] === '' ? undefined : record;
  };

  for await (const piece of pieces) {
    for (const character of isFirst ? piece.replace(/^\ufeff/, '') : piece) {
      if (character === '\n') line += 1;
      if (state === 'quoted') {
        if (character === '"') state = 'after quote';
        else field += character;
      } else if (character === '"' && (state === 'start' || state === 'after quote')) {
        if (state === 'after quote') field += character;
        state = 'quoted';
      } else if (character === ',') {
        endField();
      } else if (character === '\n') {
        const record = endRecord();
        if (record) yield record;
      } else if (character !== '\r') {
        field += character;
        state = 'plain';
      }
    }
    isFirst = false;
  }
  const record = endRecord();
  if (record) yield record;
}
