import { useId, useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { toNumber, toShortDay } from '../../parts/time-words.ts';
import { replayTexts as texts } from '../../texts/replay.ts';
import style from './replay.module.css';
import { boxesOf, type Counts, daysOf, type Sums, sumOf } from './replay-sums.ts';

const room = { up: 8, down: 5 };
/** A box with the gap behind it, and what the labels take. */
const [step, high, labels] = [9, 6.5, 20];

type Day = Counts & { readonly day: number };

/** One box for each decision that would be another, by day; or the same in a table. */
export function ReplayChart({
  sums,
  fromMs,
  toMs,
}: {
  readonly sums: Sums;
  readonly fromMs: number;
  readonly toMs: number;
}) {
  const [isTable, setTable] = useState(false);
  const days = daysOf(fromMs, toMs);
  const { per, boxes } = boxesOf(days, sums.byDay, room);
  return (
    <div className={style.chart}>
      {isTable ? (
        <Table
          label={texts.byDay}
          columns={columns}
          rows={days.map((day) => ({ ...(sums.byDay.get(day) ?? noCounts), day })).filter((row) => sumOf(row) > 0)}
          rowKey={({ day }) => String(day)}
          exportName="replay-by-day"
        />
      ) : (
        <Boxes boxes={boxes} days={days} sums={sums} />
      )}
      <p className={`remark ${style.legend}`}>
        <span>{!isTable && texts.legend(per)}</span>
        <Button small aria-pressed={isTable} onClick={() => setTable(!isTable)}>
          {isTable ? texts.asChart : texts.asTable}
        </Button>
      </p>
    </div>
  );
}

const noCounts: Counts = { gained: 0, lost: 0, again: 0 };

const columns: readonly Column<Day>[] = [
  { title: texts.day, stays: true, cell: ({ day }) => toShortDay(day), text: ({ day }) => new Date(day).toISOString() },
  count('gained', true),
  count('lost', true),
  count('again'),
];

function count(kind: keyof Counts, stays = false): Column<Day> {
  return {
    title: texts.columns[kind],
    number: true,
    stays,
    cell: (row) => toNumber(row[kind]),
    text: (row) => String(row[kind]),
  };
}

function Boxes({
  boxes,
  days,
  sums,
}: {
  readonly boxes: ReturnType<typeof boxesOf>['boxes'];
  readonly days: readonly number[];
  readonly sums: Sums;
}) {
  const dots = useId();
  const reach = (sign: 1 | -1) => Math.max(1, ...boxes.map(({ level }) => level * sign));
  const [up, down] = [reach(1), reach(-1)];
  const line = up * step + 2;
  const bottom = line + down * step + 3;
  const width = 100 / days.length;
  const [first, last] = [days[0] ?? 0, days.at(-1) ?? 0];
  return (
    <figure>
      <figcaption className="only-read-aloud">{texts.chartWords(sums, sums.byDay.size)}</figcaption>
      <svg width="100%" height={bottom + labels} aria-hidden="true">
        <title>{texts.byDay}</title>
        <defs>
          <pattern id={dots} width="3" height="3" patternUnits="userSpaceOnUse">
            <rect width="1.5" height="1.5" className={style.dot} />
          </pattern>
        </defs>
        <line x1="0" x2="100%" y1={line} y2={line} className={style.line} />
        {boxes.map(({ day, level, kind }) => (
          <rect
            key={`${day} ${level}`}
            x={`${day * width + width * 0.15}%`}
            width={`${width * 0.7}%`}
            y={level > 0 ? line - 1 - level * step + (step - high) : line + 3 + (-level - 1) * step}
            height={high}
            className={style[kind]}
            {...(kind === 'again' && { fill: `url(#${dots})` })}
          />
        ))}
        <text x="0" y={bottom + 14} className={style.label}>
          {toShortDay(first)}
        </text>
        <text x="100%" y={bottom + 14} className={`${style.label} ${style.end}`}>
          {toShortDay(last)}
        </text>
      </svg>
    </figure>
  );
}
