import { Button, Segmented } from '../../parts/button.tsx';
import { Figures, Section } from '../../parts/section.tsx';
import { ErrorNote, Loading } from '../../parts/states.tsx';
import { toNumber, toShortDay } from '../../parts/time-words.ts';
import { useUrlState } from '../../parts/url-state.ts';
import { replayTexts as texts } from '../../texts/replay.ts';
import style from './replay.module.css';
import { ReplayChart } from './replay-chart.tsx';
import { type Counts, countOf, partDone, type Sums, sumOf } from './replay-sums.ts';
import { Changed, TouchedPeople, TouchedServers } from './replay-tables.tsx';
import type { Running } from './run-replay.ts';
import { useReplay } from './use-replay.ts';

const ranges = ['7', '30', '90'] as const;

/** What was decided, decided again under the draft: four figures that add up, each change by day, then whom and what it touches. */
export function ReplayOf({ id, digest }: { readonly id: string; readonly digest: string }) {
  const [asked, setAsked] = useUrlState('days');
  const days = ranges.find((each) => each === asked) ?? '30';
  const { running, goOn, hold } = useReplay(id, digest, Number(days));
  return (
    <Section
      title={texts.title(Number(days))}
      remark={running && remarkOf(running)}
      action={
        <Segmented
          label={texts.range}
          value={days}
          options={ranges.map((value) => ({ value, label: texts.days(Number(value)) }))}
          onChange={(value) => setAsked(value === '30' ? '' : value)}
        />
      }
    >
      {running ? <Shown running={running} goOn={goOn} hold={hold} /> : <Loading />}
    </Section>
  );
}

function Shown({
  running,
  goOn,
  hold,
}: {
  readonly running: Running;
  readonly goOn: () => void;
  readonly hold: () => void;
}) {
  const { sums, fromMs, toMs, state } = running;
  const isBegun = sums.reachedMs !== undefined || state === 'done';
  return (
    <>
      {state !== 'done' && <Progress running={running} goOn={goOn} hold={hold} />}
      {state === 'failed' && <ErrorNote error={running.error} onRetry={goOn} />}
      {isBegun && (
        <>
          <Figures figures={figuresOf(sums)} />
          {sums.unknown > 0 && <p className={`quiet prose ${style.unknown}`}>{texts.unknown(sums.unknown)}</p>}
          {sumOf(sums) === 0 ? (
            state === 'done' && <p className="quiet">{texts.none}</p>
          ) : (
            <>
              <ReplayChart sums={sums} fromMs={fromMs} toMs={toMs} />
              <div className={style.touched}>
                <TouchedPeople sums={sums} fromMs={fromMs} />
                <TouchedServers sums={sums} fromMs={fromMs} />
              </div>
              <Changed sums={sums} />
            </>
          )}
        </>
      )}
    </>
  );
}

/** How far it is, and whether it goes on. */
function Progress({ running: { sums, fromMs, toMs, state }, goOn, hold }: Parameters<typeof Shown>[0]) {
  if (state === 'failed') return null;
  if (state === 'other') return <p className="quiet">{texts.other}</p>;
  return (
    <div className={style.progress}>
      <progress max={1} value={partDone(sums, fromMs, toMs)} aria-label={texts.progress} />
      {state === 'held' ? (
        <>
          <span>{texts.held(toNumber(sums.total), toShortDay(sums.reachedMs ?? toMs))}</span>
          <Button small onClick={goOn}>
            {texts.goOn}
          </Button>
        </>
      ) : (
        <>
          <span className="quiet">{texts.running}</span>
          <Button small onClick={hold}>
            {texts.hold}
          </Button>
        </>
      )}
    </div>
  );
}

function remarkOf({ sums: { total }, fromMs, toMs, state }: Running): string {
  if (state !== 'done') return texts.soFar(toNumber(total));
  return texts.remark(toNumber(total), toShortDay(fromMs), toShortDay(toMs));
}

/** What was refused and would not be, and the other way round. */
function wholeOf(kind: keyof Counts, { letIn, shutOut }: Sums): string | undefined {
  if (kind === 'gained' && letIn > 0) return texts.letIn(letIn);
  return kind === 'lost' && shutOut > 0 ? texts.shutOut(shutOut) : undefined;
}

function figuresOf(sums: Sums) {
  const of = (kind: keyof Counts) => ({
    label: texts.kinds[kind],
    value: (
      <span data-kind={sums[kind] > 0 ? kind : undefined} className={style.figure}>
        {toNumber(sums[kind])}
      </span>
    ),
    remark: [texts.people(countOf(sums.byPerson, kind)), wholeOf(kind, sums)].filter(Boolean).join(', '),
  });
  const same = { label: texts.same, value: toNumber(sums.same), remark: texts.sameRemark };
  return [of('gained'), of('lost'), of('again'), same];
}
