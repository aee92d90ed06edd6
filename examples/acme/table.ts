/** One column: its heading, and whether its values are numbers that line up on the right. */
export interface Column {
  readonly heading: string;
  readonly align?: 'left' | 'right';
}

/** Lays rows out in columns as wide as their widest value. Plain text, readable in a log as well as in a terminal. */
export function toTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const headings = columns.map(({ heading }) => heading);
  const widths = columns.map((_, index) => Math.max(...[headings, ...rows].map((row) => row[index]?.length ?? 0)));
  const toLine = (row: readonly string[]) =>
    columns
      .map(({ align }, index) => {
        const width = widths[index] ?? 0;
        const value = row[index] ?? '';
        return align === 'right' ? value.padStart(width) : value.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [toLine(headings), toLine(widths.map((width) => '-'.repeat(width))), ...rows.map(toLine)].join('\n');
}
