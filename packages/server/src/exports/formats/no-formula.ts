/**
 * A spreadsheet runs what begins like a formula, in some languages also with the wide signs, and behind a semicolon, which begins
 * a cell where the comma is for decimals: an apostrophe makes text of it (T32).
 */
export function withoutFormulas(text: string): string {
  return text.replace(/(^|;)(\s*)(?=[=+\-@|%\uFF1D\uFF0B\uFF0D\uFF20])/g, "$1'$2");
}
