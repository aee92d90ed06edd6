/** Where work on a whole store has come to. */
export interface Step {
  readonly phase: string;
  readonly table: string;
  readonly rows: number;
  readonly total: number;
}

/**
 * Shows how far it is: a bar that moves on a terminal, one JSON object for each table with `--json`; elsewhere a line every few
 * seconds, so that a timer that runs it every hour says nothing.
 */
export function showProgress(
  json: boolean,
  out: Out = process.stderr,
  elapsedMs = () => performance.now(),
): (step: Step) => void {
  let saidMs = elapsedMs();
  return (step) => {
    const { phase, table, rows, total } = step;
    const isDone = rows >= total;
    const isDue = elapsedMs() - saidMs >= (out.isTTY ? 100 : 5000);
    if (!isDue && !(json && isDone)) return;
    saidMs = elapsedMs();
    if (json) process.stdout.write(`${JSON.stringify(step)}\n`);
    else if (out.isTTY) out.write(`\r\x1b[K${toBar(rows, total)} ${phase} ${table}`);
    else out.write(`${phase} ${table}: ${rows} of ${total}\n`);
  };
}

/** Where it is shown. */
interface Out {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const width = 24;

function toBar(rows: number, total: number): string {
  const share = total === 0 ? 1 : Math.min(1, rows / total);
  const full = Math.round(share * width);
  return `[${'#'.repeat(full)}${'.'.repeat(width - full)}] ${String(Math.round(share * 100)).padStart(3)} %`;
}
