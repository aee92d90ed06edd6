/** Shows how far it is: a bar that moves in a terminal, a line for each phase in a log. */
export interface Progress {
  begin(name: string, total: number): Bar;
}

export interface Bar {
  step(): void;
  /** How long it took, from beginning to end. */
  end(): { readonly seconds: number; readonly perSecond: number };
}

const width = 30;
const redrawMs = 100;

export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  return {
    begin(name, total) {
      const startedAt = performance.now();
      let done = 0;
      let drawnAt = 0;
      const rate = () => (done / Math.max(performance.now() - startedAt, 1)) * 1000;
      const draw = () => {
        const filled = Math.round((done / Math.max(total, 1)) * width);
        const bar = '█'.repeat(filled) + '░'.repeat(width - filled);
        stream.write(`\r\u001b[2K${name.padEnd(28)} ${bar} ${done}/${total}  ${Math.round(rate())}/s`);
        drawnAt = performance.now();
      };
      if (stream.isTTY) draw();
      return {
        step() {
          done += 1;
          if (stream.isTTY && performance.now() - drawnAt >= redrawMs) draw();
        },
        end() {
          const seconds = (performance.now() - startedAt) / 1000;
          if (stream.isTTY) {
            draw();
            stream.write('\n');
          } else stream.write(`${name}: ${done} in ${seconds.toFixed(1)} s, ${Math.round(rate())}/s\n`);
          return { seconds: round(seconds), perSecond: Math.round(rate()) };
        },
      };
    },
  };
}

function round(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
