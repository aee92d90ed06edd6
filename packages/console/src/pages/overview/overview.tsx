import { isRead, useRead, useReadAhead } from '../../data/api.ts';
import { useMe } from '../../data/me.ts';
import type { Answer } from '../../data/problem.ts';
import { Segmented } from '../../parts/button.tsx';
import { Figures, PageHead, Section } from '../../parts/section.tsx';
import { Await } from '../../parts/states.tsx';
import { toNumber } from '../../parts/time-words.ts';
import { useUrlState } from '../../parts/url-state.ts';
import { pollEvery } from '../../session/idle.ts';
import { overviewTexts as texts } from '../../texts/overview.ts';
import { Activity } from './activity.tsx';
import { changeOf, shareOf } from './chart-scale.ts';
import { Latest, latestAsked } from './latest.tsx';
import { Reasons, Trouble, WaitingList } from './lists.tsx';
import { waitingOf } from './waiting.ts';

/** So many lines are looked through without an index, and nobody notices. */
const longestTail = 10_000;

const hoursOf: Readonly<Record<string, number>> = { h24: 24, d7: 168, d30: 720, d90: 2160 };

/** What is happening, and what needs a person. Who may not see the record sees what runs here. */
export function Page() {
  const { permissions } = useMe();
  return permissions.includes('read:audit') ? <Happening /> : <Running />;
}

function Happening() {
  const { permissions } = useMe();
  const [chosen, setRange] = useUrlState('range');
  const range = Object.hasOwn(hoursOf, chosen) ? chosen : 'h24';
  const figures = useRead(
    'getFigures',
    { query: { hours: hoursOf[range] ?? 24 } },
    { refetchInterval: pollEvery(15_000) },
  );
  const drafts = useRead(
    'listDrafts',
    { query: { state: 'proposed' } },
    { enabled: permissions.includes('read:policy'), refetchInterval: pollEvery(15_000) },
  );
  const changes = useRead(
    'listChanges',
    {},
    { enabled: permissions.includes('read:groups'), refetchInterval: pollEvery(15_000) },
  );
  const requests = useRead('listRequests', { query: { limit: 1 } }, { enabled: permissions.includes('read:requests') });
  const overview = useRead('getOverview', {});
  useReadAhead('listRecords', latestAsked);
  useReadAhead('listReasons', {});
  useReadAhead('listNames', {}, permissions.includes('read:policy'));
  useReadAhead('listStops', { query: {} });
  return (
    <Await query={figures} rows={8}>
      {({ value }) => {
        const waiting = waitingOf(
          drafts.data?.value.items ?? [],
          changes.data?.value.items ?? [],
          value.toDo,
          requests.data?.value.open,
        );
        const isKnown = [drafts, changes, requests].every(isRead);
        return (
          <>
            <PageHead
              says
              title={<Answered trouble={value.trouble.length} waiting={isKnown ? waiting.length : undefined} />}
              lead={texts.lead(texts.people(value.people.withAgents))}
            >
              <Segmented
                label={texts.range}
                value={range}
                options={Object.entries(texts.ranges).map(([option, label]) => ({ value: option, label }))}
                onChange={(next) => setRange(next === 'h24' ? '' : next)}
              />
            </PageHead>
            <Numbers figures={value} />
            <div className="columns">
              <div className="stack">
                <Activity figures={value} />
                {overview.data && <Latest idp={overview.data.value.urls.idp} />}
              </div>
              <div className="stack">
                <WaitingList
                  waiting={waiting}
                  isKnown={isKnown}
                  error={drafts.error ?? changes.error ?? requests.error}
                />
                <Reasons reasons={value.reasons} since={range === 'd90' ? '' : range} />
                <Trouble trouble={value.trouble} />
                {overview.data && <Installation overview={overview.data.value} />}
              </div>
            </div>
          </>
        );
      }}
    </Await>
  );
}

/** The page opens with its answer; of what waits it says nothing before that is known. */
function Answered({ trouble, waiting }: { readonly trouble: number; readonly waiting: number | undefined }) {
  return (
    <>
      {trouble === 0 ? texts.well : <b>{texts.trouble(trouble)}</b>} {waiting === 0 && texts.nothingWaits}
      {waiting !== undefined && waiting > 0 && (
        <>
          <b>{texts.waits(waiting)}</b>
          {texts.waitsFor(waiting)}
        </>
      )}
    </>
  );
}

function Numbers({ figures: { totals, before, people, consentsAvoided } }: { readonly figures: Answer<'getFigures'> }) {
  const given = totals.allowed + totals.narrowed;
  const sum = (of: typeof totals) => of.allowed + of.narrowed + of.refused + of.signInAgain;
  const remark = (now: number, then: number) => {
    const change = changeOf(now, then);
    return change === undefined ? {} : { remark: texts.on(change) };
  };
  return (
    <Figures
      figures={[
        { label: texts.decisions, value: toNumber(sum(totals)), ...remark(sum(totals), sum(before)) },
        {
          label: texts.allowed,
          value: shareOf(given, sum(totals)) ?? '–',
          remark: texts.narrowed(toNumber(totals.narrowed)),
        },
        { label: texts.refused, value: toNumber(totals.refused), ...remark(totals.refused, before.refused) },
        { label: texts.again, value: toNumber(totals.signInAgain), ...remark(totals.signInAgain, before.signInAgain) },
        {
          label: texts.withAgents,
          value: toNumber(people.withAgents),
          remark: texts.of(toNumber(people.all)),
        },
        {
          label: texts.consents,
          value: toNumber(consentsAvoided.ever),
          remark: texts.ever,
        },
      ]}
    />
  );
}

function Running() {
  const overview = useRead('getOverview', {}, { refetchInterval: pollEvery(15_000) });
  return (
    <Await query={overview} rows={5}>
      {({ value }) => (
        <>
          <PageHead says title={texts.runs(value.organisation)} lead={texts.noRecord} />
          <Installation overview={value} />
        </>
      )}
    </Await>
  );
}

/** What runs here, and where it is reached. */
function Installation({ overview }: { readonly overview: Answer<'getOverview'> }) {
  const { roles, servers, clients, administrators, record, urls } = overview;
  const stops = useRead('listStops', { query: {} });
  const behind = record.last - record.indexed;
  const facts: [label: string, value: React.ReactNode][] = [
    [texts.roles, roles.join(', ')],
    [texts.servers, toNumber(servers)],
    [texts.clients, toNumber(clients)],
    [texts.administrators, toNumber(administrators)],
    [texts.stops, stops.data ? toNumber(stops.data.value.items.length) : '–'],
    [texts.record, `${toNumber(record.last)}${behind > longestTail ? `, ${texts.lag(behind)}` : ''}`],
    [texts.idp, <code key="idp">{urls.idp}</code>],
    [texts.ras, <code key="ras">{urls.ras}</code>],
    [texts.admin, <code key="admin">{urls.admin}</code>],
  ];
  return (
    <Section title={texts.installation}>
      <dl className="facts">
        {facts.map(([label, value]) => (
          <div key={label} style={{ display: 'contents' }}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}
