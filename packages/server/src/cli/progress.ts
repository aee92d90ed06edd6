/** Where work on a whole store has come to. */
export interface Step {
  readonly phase: string;
  readonly table: string;
  readonly rows: number;
  readonly total: number;
}

/** Shows how far it is: a bar that moves on a terminal, a line for each table elsewhere, one JSON object a step with `--json`. */
export function showProgress(json: boolean, out: NodeJS.WriteStream = process.stderr): (step: Step) => void {
  let shown = '';
  let shownMs = 0;
  return (step) => {
    const { phase, table, rows, total } = step;
    const name = `${phase} ${table}`;
    const isDone = rows >= total;
    if (!isDone && (name === shown || out.isTTY) && performance.now() - shownMs < 200) return;
    if (!isDone && name === shown && !out.isTTY && performance.now() - shownMs < 5000) return;
    [shown, shownMs] = [name, performance.now()];
    if (json) process.stdout.write(`${JSON.stringify(step)}\n`);
    else if (out.isTTY) out.write(`\r\x1b[K${toBar(rows, total)} ${name}${isDone ? '\n' : ''}`);
    else out.write(`${name}: ${rows} of ${total}\n`);
  };
}

const width = 24;

function toBar(rows: number, total: number): string {
  const share = total === 0 ? 1 : Math.min(1, rows / total);
  const full = Math.round(share * width);
  return `[${'#'.repeat(full)}${'.'.repeat(width - full)}] ${String(Math.round(share * 100)).padStart(3)} %`;
}
