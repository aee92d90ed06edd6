/**
 * Rows as CSV (RFC 4180). A value that a spreadsheet would take for a formula is kept a text by an apostrophe: names come from
 * directories that others write.
 */
export function toCsv(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, ...rows].map((row) => `${row.map(toField).join(',')}\r\n`).join('');
}

function toField(value: string): string {
  // Also with the wide signs, after blanks, and behind a semicolon, which begins a cell where the comma is for decimals (T32).
  const tame = value.replace(/(^|;)(\s*)(?=[=+\-@|%\uFF1D\uFF0B\uFF0D\uFF20])/g, "$1'$2");
  return /[",\r\n]/.test(tame) ? `"${tame.replaceAll('"', '""')}"` : tame;
}

/** Hands the browser a file that the page has made. */
export function saveFile(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
