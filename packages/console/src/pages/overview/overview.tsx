import { useRead } from '../../data/api.ts';
import { Figures, PageHead, Section } from '../../parts/section.tsx';
import { Await } from '../../parts/states.tsx';
import { toNumber } from '../../parts/time-words.ts';
import { pollEvery } from '../../session/idle.ts';
import { overviewTexts as texts } from '../../texts/overview.ts';

/** What runs here, and how much of it. */
export function Page() {
  const overview = useRead('getOverview', {}, { refetchInterval: pollEvery(15_000) });
  const stops = useRead('listStops', { query: {} });
  return (
    <Await query={overview} rows={5}>
      {({ value: { organisation, roles, servers, clients, administrators, record, urls } }) => (
        <>
          <PageHead says title={texts.runs(organisation)} lead={texts.lead(roles.join(', '))} />
          <Figures
            figures={[
              { label: texts.servers, value: toNumber(servers) },
              { label: texts.clients, value: toNumber(clients) },
              { label: texts.administrators, value: toNumber(administrators) },
              { label: texts.stops, value: stops.data ? toNumber(stops.data.value.items.length) : '–' },
              {
                label: texts.record,
                value: toNumber(record.last),
                ...(record.last > record.indexed && { remark: texts.lag(record.last - record.indexed) }),
              },
            ]}
          />
          <Section title={texts.addresses}>
            <dl className="facts">
              <dt>{texts.idp}</dt>
              <dd>
                <code>{urls.idp}</code>
              </dd>
              <dt>{texts.ras}</dt>
              <dd>
                <code>{urls.ras}</code>
              </dd>
              <dt>{texts.admin}</dt>
              <dd>
                <code>{urls.admin}</code>
              </dd>
            </dl>
          </Section>
        </>
      )}
    </Await>
  );
}
