import { useRead } from '../../data/api.ts';
import type { Answer } from '../../data/problem.ts';
import { Segmented } from '../../parts/button.tsx';
import { Figures, PageHead } from '../../parts/section.tsx';
import { Await } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { toNumber } from '../../parts/time-words.ts';
import { useUrlState } from '../../parts/url-state.ts';
import { pollEvery } from '../../session/idle.ts';
import { auditTexts as texts } from '../../texts/audit.ts';
import { Actions } from './actions.tsx';
import style from './audit.module.css';
import { Checkpoints } from './checkpoints.tsx';
import { saysOf } from './says.ts';
import { Verify } from './verify.tsx';

type Part = keyof typeof texts.parts;
const parts = Object.keys(texts.parts) as Part[];

/** What administrators did, what seals the record, and its verification in the browser. */
export function Page() {
  const [asked, show] = useUrlState('part');
  const part = parts.find((each) => each === asked) ?? 'actions';
  const state = useRead('getRecordState', {}, { refetchInterval: pollEvery(10_000) });
  return (
    <Await query={state} rows={8}>
      {({ value }) => (
        <>
          <PageHead title={texts.says[saysOf(value)]} says lead={texts.lead} />
          <State state={value} />
          <div className={style.parts}>
            <Segmented
              label={texts.part}
              value={part}
              options={parts.map((each) => ({ value: each, label: texts.parts[each] }))}
              onChange={(next) => show(next === 'actions' ? '' : next)}
            />
          </div>
          {part === 'actions' && <Actions />}
          {part === 'checkpoints' && <Checkpoints state={value} />}
          {part === 'verify' && <Verify state={value} onLook={() => void state.refetch()} />}
        </>
      )}
    </Await>
  );
}

function State({ state }: { readonly state: Answer<'getRecordState'> }) {
  const { figures } = texts;
  const { first, last, unsealed, unsealedSinceMs, checkpoint, witnesses, unwitnessedSinceMs } = state;
  return (
    <Figures
      figures={[
        {
          label: figures.lines,
          value: toNumber(Math.max(0, last - first + (last > 0 ? 1 : 0))),
          remark: figures.linesRemark(first),
        },
        {
          label: figures.sealed,
          value: toNumber(unsealed),
          remark: unsealedSinceMs === null ? figures.sealedRemark : <Time ms={unsealedSinceMs} />,
        },
        {
          label: figures.checkpoints,
          value: toNumber(checkpoint?.number ?? 0),
          remark: checkpoint && <Time ms={checkpoint.timeMs} />,
        },
        {
          label: figures.witnessed,
          value: unwitnessedSinceMs === null ? '–' : <Time ms={unwitnessedSinceMs} />,
          remark: witnesses.length === 0 ? figures.noWitness : unwitnessedSinceMs === null ? figures.nobody : undefined,
        },
      ]}
    />
  );
}
