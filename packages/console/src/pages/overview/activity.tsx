import { useId } from 'react';
import type { Answer } from '../../data/problem.ts';
import { Button } from '../../parts/button.tsx';
import { Section } from '../../parts/section.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { toClock, toExact, toNumber } from '../../parts/time-words.ts';
import { useUrlState } from '../../parts/url-state.ts';
import { overviewTexts as texts } from '../../texts/overview.ts';
import { givenOf, notGivenOf, type Step, scalesOf } from './chart-scale.ts';
import style from './overview.module.css';

const [upPixels, downPixels, axisPixels] = [128, 52, 22];
const hour = 3_600_000;

/** Decisions over time, as a chart or as the same in a table. */
export function Activity({ figures: { series, stepMs } }: { readonly figures: Answer<'getFigures'> }) {
  const [as, setAs] = useUrlState('as');
  const isTable = as === 'table';
  const byHour = stepMs <= hour;
  const scales = scalesOf(series, upPixels, downPixels);
  const isQuiet = series.every((step) => givenOf(step) + notGivenOf(step) === 0);
  const remark = `${texts.above}${scales.times > 1 ? texts.times(scales.times) : ''}`;
  return (
    <Section
      title={byHour ? texts.byHour : texts.byDay}
      remark={isTable || isQuiet ? undefined : remark}
      action={
        <Button small aria-pressed={isTable} onClick={() => setAs(isTable ? '' : 'table')}>
          {isTable ? texts.asChart : texts.asTable}
        </Button>
      }
    >
      {isTable && (
        <Table
          label={byHour ? texts.byHour : texts.byDay}
          columns={columns}
          rows={series.toReversed()}
          rowKey={({ atMs }) => String(atMs)}
          exportName="decisions-over-time"
        />
      )}
      {!isTable && isQuiet && <p className="quiet">{texts.quiet}</p>}
      {!isTable && !isQuiet && <Chart steps={series} byHour={byHour} />}
    </Section>
  );
}

const count = (title: string, of: (step: Step) => number): Column<Step> => ({
  title,
  number: true,
  cell: (step) => toNumber(of(step)),
  text: (step) => String(of(step)),
});

const columns: readonly Column<Step>[] = [
  {
    title: texts.time,
    cell: ({ atMs }) => toExact(atMs),
    text: ({ atMs }) => new Date(atMs).toISOString(),
    stays: true,
  },
  { ...count(texts.allowed, givenOf), stays: true },
  count(texts.refused, ({ refused }) => refused),
  count(texts.again, ({ signInAgain }) => signInAgain),
];

function Chart({ steps, byHour }: { readonly steps: readonly Step[]; readonly byHour: boolean }) {
  const hatch = useId();
  const { up, down } = scalesOf(steps, upPixels, downPixels);
  const width = 100 / steps.length;
  const every = Math.ceil(steps.length / 8);
  const sum = (of: (step: Step) => number) => toNumber(steps.reduce((all, step) => all + of(step), 0));
  const most = steps.reduce((a, b) => (notGivenOf(b) + givenOf(b) > notGivenOf(a) + givenOf(a) ? b : a));
  return (
    <figure className={style.chart}>
      <figcaption className="only-read-aloud">
        {texts.chartWords(sum(givenOf), sum(notGivenOf), toExact(most.atMs))}
      </figcaption>
      <div className={style.scale} aria-hidden="true">
        <span>{toNumber(Math.round(up.most))}</span>
        <span>0</span>
        <span>{toNumber(down.most)}</span>
      </div>
      <svg width="100%" height={upPixels + downPixels + axisPixels} aria-hidden="true">
        <title>{texts.decisions}</title>
        <defs>
          <pattern id={hatch} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="2.4" height="5" className={style.hatch} />
          </pattern>
        </defs>
        <line x1="0" x2="100%" y1="0.5" y2="0.5" className={style.hair} />
        {steps.map((step, at) => {
          const [high, low] = [up.toPixels(givenOf(step)), down.toPixels(notGivenOf(step))];
          const box = { x: `${at * width + width * 0.15}%`, width: `${width * 0.7}%` };
          return (
            <g key={step.atMs}>
              <rect {...box} y={upPixels - high} height={high} className={style.given} />
              <rect {...box} y={upPixels} height={low} fill={`url(#${hatch})`} className={style.not} />
              {at % every === 0 && (
                <text x={`${at * width + width / 2}%`} y={upPixels + downPixels + 16} className={style.label}>
                  {labelOf(step.atMs, byHour)}
                </text>
              )}
            </g>
          );
        })}
        <line x1="0" x2="100%" y1={upPixels} y2={upPixels} className={style.base} />
      </svg>
    </figure>
  );
}

function labelOf(ms: number, byHour: boolean): string {
  return byHour ? toClock(ms).slice(0, 5) : (toExact(ms).split(' 20')[0] ?? '');
}
