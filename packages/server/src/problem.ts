/**
 * Something the operator must put right: bad flag, bad configuration, port in use, locked home. `main.ts` prints the
 * message (what is wrong, with its name) and the way out, and ends with exit code 2. Never a stack trace.
 */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly wayOut: string;

  constructor(message: string, wayOut: string) {
    super(message);
    this.wayOut = wayOut;
  }
}
