import { useRead } from '../../data/api.ts';
import { Name, places } from '../../parts/name.tsx';
import { PersonName } from '../../parts/person-name.tsx';
import { Figures, Section } from '../../parts/section.tsx';
import { Await } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Time } from '../../parts/time.tsx';
import { toExact, toNumber } from '../../parts/time-words.ts';
import { changesTexts as texts } from '../../texts/changes.ts';
import type { Replay } from './model.ts';

type Row = Replay['changed'][number];

const columns: readonly Column<Row>[] = [
  {
    title: texts.when,
    cell: ({ id, timeMs }) => (
      <Name to={places.decision(id)}>
        <Time ms={timeMs} />
      </Name>
    ),
    text: ({ timeMs }) => toExact(timeMs),
  },
  { title: texts.person, stays: true, cell: ({ person }) => <PersonName id={person} />, text: ({ person }) => person },
  { title: texts.client, cell: ({ client }) => client, text: ({ client }) => client },
  { title: texts.server, stays: true, cell: ({ server }) => server, text: ({ server }) => server },
  { title: texts.before, cell: ({ before }) => <Scopes scopes={before} />, text: ({ before }) => before.join(' ') },
  {
    title: texts.after,
    cell: ({ after, signInAgain }) => (
      <>
        <Scopes scopes={after} />
        {signInAgain && <span className="remark"> {texts.again}</span>}
      </>
    ),
    text: ({ after }) => after.join(' '),
  },
];

function Scopes({ scopes }: { readonly scopes: readonly string[] }) {
  return scopes.length === 0 ? <span className="quiet">{texts.nothing}</span> : <code>{scopes.join(' ')}</code>;
}

/** What was decided in the last 30 days, decided again under the draft: figures that add up, and each that would differ. */
export function ReplayOf({ id }: { readonly id: string }) {
  const query = useRead('replayDraft', { params: { id }, query: { limit: 1000 } });
  return (
    <Section title={texts.replay} remark={query.data && texts.replayRemark(toNumber(query.data.value.total))}>
      <Await query={query}>
        {({ value: { gained, lost, same, unknown, changed } }) => (
          <>
            <Figures
              figures={[
                { label: texts.gained, value: toNumber(gained) },
                { label: texts.lost, value: toNumber(lost) },
                { label: texts.same, value: toNumber(same) },
                { label: texts.unknown, value: toNumber(unknown) },
              ]}
            />
            {changed.length === 0 ? (
              <p className="quiet">{texts.replayNone}</p>
            ) : (
              <Table
                label={texts.replay}
                columns={columns}
                rows={changed}
                rowKey={(row) => row.id}
                exportName="replay"
              />
            )}
          </>
        )}
      </Await>
    </Section>
  );
}
