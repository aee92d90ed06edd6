import { useState } from 'react';
import { ApiProblem } from '../../data/problem.ts';
import { Button, Segmented } from '../../parts/button.tsx';
import { DraftStrip } from '../../parts/draft-strip.tsx';
import { Area, Check, Field, Find } from '../../parts/field.tsx';
import { LiveDot, type Outcome, OutcomeMark, type Risk, RiskMeter } from '../../parts/marks.tsx';
import { MayButton } from '../../parts/may.tsx';
import { tell } from '../../parts/notes.tsx';
import { Confirm } from '../../parts/overlay.tsx';
import { PageHead, Section, Verdict } from '../../parts/section.tsx';
import { Empty, ErrorNote, Loading } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Time } from '../../parts/time.tsx';
import { useUrlState } from '../../parts/url-state.ts';
import { partTexts } from '../../texts/parts.ts';
import { showcaseTexts as texts } from '../../texts/showcase.ts';

const risks: readonly Risk[] = ['low', 'medium', 'high'];

interface Sample {
  readonly id: number;
  readonly name: string;
  readonly risk: Risk;
  readonly used: number;
}

const samples: readonly Sample[] = Array.from({ length: 120 }, (_, at) => ({
  id: at + 1,
  name: `scope:${at + 1}`,
  risk: risks[at % 3] ?? 'low',
  used: (at * 37) % 91,
}));

const columns: readonly Column<Sample>[] = [
  { title: 'Scope', cell: ({ name }) => <code>{name}</code>, text: ({ name }) => name },
  { title: 'Risk', cell: ({ risk }) => <RiskMeter risk={risk} />, text: ({ risk }) => risk },
  { title: 'Used', cell: ({ used }) => used, text: ({ used }) => String(used), number: true },
];

const problem = new ApiProblem({
  status: 503,
  title: 'Unavailable',
  detail: 'The record could not be read: the store did not answer in 5 s.',
  help: 'No token is issued while it is away. Signed-in agents keep what they have until their tokens end.',
  reference: 'd_4mz0c1',
});

/** Every part in each of its states: to build pages from, and for the tests to look at. */
export function Page() {
  const [isAsking, ask] = useState(false);
  const [shown, setRisk] = useUrlState('risk');
  const risk = risks.find((each) => each === shown) ?? 'low';
  return (
    <>
      <PageHead title={texts.title} lead={texts.lead} />
      <DraftStrip
        name={texts.draftName}
        changes={3}
        author="alice"
        savedMs={1_764_000_000_000}
        review="/"
        onLeave={() => tell(texts.noteText)}
      />
      <div className="stack">
        <div className="columns even">
          <Section title={texts.standings}>
            <dl className="facts">
              {Object.entries(texts.meanings).map(([outcome, meaning]) => (
                <div key={outcome} style={{ display: 'contents' }}>
                  <dt>
                    <OutcomeMark outcome={outcome as Outcome} />
                  </dt>
                  <dd>{meaning}</dd>
                </div>
              ))}
            </dl>
          </Section>
          <Section title={texts.confirm}>
            <div className="row">
              <Button kind="danger" onClick={() => ask(true)}>
                {texts.stop}
              </Button>
              <MayButton permission="read:overview" onClick={() => tell(texts.noteText, async () => undefined)}>
                {texts.note}
              </MayButton>
            </div>
          </Section>
          <Section title={texts.empty}>
            <Empty title={texts.emptyTitle} action={<Button kind="first">{texts.emptyDo}</Button>}>
              {texts.emptyLead}
            </Empty>
          </Section>
          <Section title={texts.loading} remark={texts.loadingRemark}>
            <Loading />
          </Section>
          <Section title={texts.error} remark={texts.errorRemark}>
            <ErrorNote error={problem} onRetry={() => undefined} />
          </Section>
          <Section title={texts.controls} remark={<LiveDot>{partTexts.live}</LiveDot>}>
            <div className="stack" style={{ gap: 12 }}>
              <div className="row">
                <Find label="Find a group or server" />
                <Segmented
                  label="Risk"
                  value={risk}
                  onChange={setRisk}
                  options={risks.map((value) => ({ value, label: value, draft: value === 'high' }))}
                />
                <RiskMeter risk={risk} />
              </div>
              <Field label="Name" hint="For people; nothing is decided by it." defaultValue="Data" />
              <Area label="Note for the record" problem="Say why: a few words do." />
              <Check label="Second factor, at most 8 h old" remark="always, by write-needs-mfa" defaultChecked />
              <Verdict>
                <b>12 people</b> gain <b>issues:write</b> on Tracker through Claude Code,{' '}
                <Time ms={Date.now() - 180_000} />.
              </Verdict>
            </div>
          </Section>
        </div>
        <Section title={texts.table}>
          <Table
            label={texts.table}
            columns={columns}
            rows={samples}
            rowKey={({ id }) => String(id)}
            onOpen={({ name }) => tell(name)}
            exportName="scopes"
          />
        </Section>
      </div>
      {isAsking && (
        <Confirm
          consequence={texts.stopTitle}
          action={texts.stopDo}
          typed="linear"
          onClose={() => ask(false)}
          onDo={() => ask(false)}
        >
          {texts.stopLead}
        </Confirm>
      )}
    </>
  );
}
