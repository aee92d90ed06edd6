import { useCallback, useRef, useState } from 'react';
import { useRead } from '../../data/api.ts';
import { useOpenDraft } from '../../data/open-draft.ts';
import { PageHead } from '../../parts/section.tsx';
import { Empty, ErrorNote, Loading } from '../../parts/states.tsx';
import { toNumber } from '../../parts/time-words.ts';
import { useUrlState } from '../../parts/url-state.ts';
import { accessTexts as texts } from '../../texts/access.ts';
import { CurrentDraft } from '../changes/current-draft.tsx';
import { Filters, useFilters } from './filters.tsx';
import { Legend } from './legend.tsx';
import style from './matrix.module.css';
import { type By, findRow, Matrix } from './matrix.tsx';
import { fromCellKey, type Row, toCellKey } from './model.ts';
import { OpenCell } from './open-cell.tsx';
import { accessPage } from './page.ts';
import { useCounts } from './use-counts.ts';
import { type Sight, useMatrix } from './use-matrix.ts';

const start: Sight = { rows: [0, 0], columns: [0, 0] };

/** Who may do what where, at a glance; each cell opens into its scopes and rules. */
export function Page() {
  const { draft } = useOpenDraft();
  const filters = useFilters(draft?.value.id);
  const [open, setOpen] = useUrlState('cell');
  const [by, setBy] = useState<By>('hand');
  const [sight, setSight] = useState(start);
  const clients = useRead('listClients', { query: { side: 'idp' } });
  const items = clients.data?.value.items ?? [];
  const { data, error, refetch } = useMatrix(filters.view, sight);
  const counts = useCounts(data, sight);
  const opened = fromCellKey(open);

  const now = useRef({ open, setOpen, toggleArea: filters.toggleArea });
  now.current = { open, setOpen, toggleArea: filters.toggleArea };
  const onOpen = useCallback(({ subject }: Row, server: string, how: By) => {
    const key = toCellKey(subject, server);
    setBy(how);
    now.current.setOpen(now.current.open === key ? '' : key);
  }, []);
  const onFold = useCallback((area: string) => now.current.toggleArea(area), []);
  const onClose = useCallback(() => {
    // Back to the cell, which is where its panel came from.
    document.querySelector<HTMLElement>('[data-at][aria-expanded="true"]')?.focus({ preventScroll: true });
    now.current.setOpen('');
  }, []);

  if (!data) return error ? <ErrorNote error={error} onRetry={() => void refetch()} /> : <Loading title rows={12} />;

  const { totals, version } = data;
  const none = totals.rows === 0 || totals.columns === 0;
  const panel = opened && (
    <OpenCell
      key={open}
      {...opened}
      client={filters.client}
      clientName={(id) => items.find((each) => each.id === id)?.name ?? id}
      takesFocus={by === 'key'}
      onClose={onClose}
    />
  );
  return (
    <>
      <PageHead
        title={accessPage.title}
        lead={texts.lead(
          toNumber(totals.groups),
          toNumber(totals.servers),
          toNumber(totals.rules),
          draft ? texts.theDraft : texts.versionOf(version),
        )}
      />
      <CurrentDraft />
      <Filters filters={filters} data={data} hasDraft={draft !== undefined} clients={items} />
      {error && <ErrorNote error={error} onRetry={() => void refetch()} />}
      {none && !filters.isNarrowed && <Empty title={texts.emptyTitle}>{texts.emptyLead}</Empty>}
      {none && filters.isNarrowed && <Empty title={texts.nothingFound}>{texts.nothingFoundLead}</Empty>}
      {/* A cell that an address names, and that is not among those in sight. */}
      {panel && (none || findRow(data, opened.subject) < 0) && <div className={style.apart}>{panel}</div>}
      {!none && (
        <Matrix data={data} open={open} onOpen={onOpen} onFold={onFold} onSight={setSight} counts={counts}>
          {panel}
        </Matrix>
      )}
      <Legend hasDraft={draft !== undefined} />
    </>
  );
}
