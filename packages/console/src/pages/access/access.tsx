import { useCallback, useMemo, useState } from 'react';
import { useRead } from '../../data/api.ts';
import { Segmented } from '../../parts/button.tsx';
import { Choice, Find } from '../../parts/field.tsx';
import { Shape } from '../../parts/marks.tsx';
import { PageHead } from '../../parts/section.tsx';
import { Empty, ErrorNote, Loading } from '../../parts/states.tsx';
import { toNumber } from '../../parts/time-words.ts';
import { useUrlState } from '../../parts/url-state.ts';
import { accessTexts as texts } from '../../texts/access.ts';
import { CurrentDraft } from '../changes/current-draft.tsx';
import { Bars, Ring } from './cell-mark.tsx';
import style from './matrix.module.css';
import { Matrix } from './matrix.tsx';
import { fromCellKey } from './model.ts';
import { OpenCell } from './open-cell.tsx';
import { accessPage } from './page.ts';
import { type Sight, useMatrix, type View } from './use-matrix.ts';

const start: Sight = { rows: [0, 0], columns: [0, 0] };

/** Who may do what where, at a glance; each cell opens into its scopes and rules. */
export function Page() {
  const [q, setQ] = useUrlState('q');
  const [server, setServer] = useUrlState('server');
  const [risk, setRisk] = useUrlState('risk');
  const [only, setOnly] = useUrlState('only');
  const [client, setClient] = useUrlState('client');
  const [open, setOpen] = useUrlState('cell');
  const [sight, setSight] = useState(start);
  const clients = useRead('listClients', { query: { side: 'idp' } });
  const items = clients.data?.value.items ?? [];
  const view = useMemo<View>(
    () => ({
      only: only === 'ruled' ? 'ruled' : 'all',
      ...(q !== '' && { q }),
      ...(server !== '' && { server }),
      ...(risk === 'high' && { risk: 'high' as const }),
      ...(client !== '' && { client }),
    }),
    [q, server, risk, only, client],
  );
  const { data, error, refetch } = useMatrix(view, sight);
  const onOpen = useCallback((key: string) => setOpen(key), [setOpen]);
  const cell = fromCellKey(open);
  if (!data) return error ? <ErrorNote error={error} onRetry={() => void refetch()} /> : <Loading title rows={12} />;

  const { totals, version } = data;
  const isNarrowed = q !== '' || server !== '' || risk !== '';
  const none = totals.rows === 0 || totals.columns === 0;
  return (
    <>
      <PageHead
        title={accessPage.title}
        lead={texts.lead(toNumber(totals.groups), toNumber(totals.servers), toNumber(totals.rules), version)}
      />
      <CurrentDraft />
      <div className={style.tools}>
        <Find label={texts.findGroup} value={q} onChange={(event) => setQ(event.target.value, true)} />
        <Find
          isSecond
          label={texts.findServer}
          value={server}
          onChange={(event) => setServer(event.target.value, true)}
        />
        <Segmented
          label={texts.risk}
          value={risk === 'high' ? 'high' : ''}
          onChange={setRisk}
          options={[
            { value: '', label: texts.allAccess },
            { value: 'high', label: texts.highOnly },
          ]}
        />
        <Segmented
          label={texts.rows}
          value={only === 'ruled' ? 'ruled' : ''}
          onChange={setOnly}
          options={[
            { value: '', label: texts.all },
            { value: 'ruled', label: texts.ruled },
          ]}
        />
        <Choice
          label={texts.through}
          value={client}
          onChange={setClient}
          options={[
            { value: '', label: texts.anyClient },
            ...items.map(({ id, name }) => ({ value: id, label: name })),
          ]}
        />
      </div>
      {none && !isNarrowed && <Empty title={texts.emptyTitle}>{texts.emptyLead}</Empty>}
      {none && isNarrowed && <Empty title={texts.nothingFound}>{texts.nothingFoundLead}</Empty>}
      {!none && (
        <Matrix data={data} totals={totals} open={open} onOpen={onOpen} onSight={setSight}>
          {cell && (
            <OpenCell
              {...cell}
              client={client}
              clientName={(id) => items.find((each) => each.id === id)?.name ?? id}
              onClose={() => setOpen('')}
            />
          )}
        </Matrix>
      )}
      <Legend />
    </>
  );
}

function Legend() {
  const all = (['low', 'medium', 'high'] as const).map((level) => ({ level, has: 'all' as const }));
  return (
    <ul className={style.legend} aria-label={texts.legend}>
      <li>
        <Bars bars={all} isOwn /> {texts.legendBars}
      </li>
      <li>
        <Bars bars={[{ level: 'medium', has: 'some' }]} isOwn /> {texts.legendSome}
      </li>
      <li>
        <Bars bars={[{ level: 'low', has: 'none' }]} isOwn /> {texts.legendNone}
      </li>
      <li>
        <Bars bars={all.slice(0, 2)} isOwn={false} /> {texts.legendEveryone}
      </li>
      <li>
        <Ring /> {texts.legendRing}
      </li>
      <li>
        <Shape outcome="refused" /> {texts.legendRefused}
      </li>
      <li>{texts.legendBlank}</li>
    </ul>
  );
}
