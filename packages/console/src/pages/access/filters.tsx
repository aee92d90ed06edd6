import { Button, Segmented } from '../../parts/button.tsx';
import { Choice, Find } from '../../parts/field.tsx';
import { useUrlState } from '../../parts/url-state.ts';
import { accessTexts as texts } from '../../texts/access.ts';
import style from './matrix.module.css';
import { toggledArea } from './model.ts';
import type { MatrixData, View } from './use-matrix.ts';

const kinds = ['high', 'unused', 'changed'] as const;
const choices = ['all', 'ruled', 'used'] as const;

/** What the matrix is narrowed to, as the address has it. */
export function useFilters(draft: string | undefined) {
  const [q, setQ] = useUrlState('q');
  const [server, setServer] = useUrlState('server');
  const [cells, setCells] = useUrlState('cells');
  const [only, setOnly] = useUrlState('only');
  const [client, setClient] = useUrlState('client');
  const [fold, setFold] = useUrlState('fold');
  const kind = kinds.find((each) => each === cells && (each !== 'changed' || draft !== undefined));
  const chosen = choices.find((each) => each === only);
  const view: View = {
    only: chosen ?? 'auto',
    cells: kind ?? 'all',
    ...(q !== '' && { q }),
    ...(server !== '' && { server }),
    ...(client !== '' && { client }),
    ...(fold !== '' && { fold }),
    ...(draft !== undefined && { draft }),
  };
  return {
    view,
    client,
    isNarrowed: q !== '' || server !== '' || kind !== undefined || chosen !== undefined,
    setQ,
    setServer,
    setCells,
    setOnly,
    setClient,
    fold,
    setFold,
    toggleArea: (area: string) => setFold(toggledArea(fold, area)),
  };
}

/** Finds groups and servers, and chooses which cells, rows and clients are shown. */
export function Filters({
  filters: { view, client, setQ, setServer, setCells, setOnly, setClient, fold, setFold },
  data,
  hasDraft,
  clients,
}: {
  readonly filters: ReturnType<typeof useFilters>;
  readonly data: MatrixData;
  readonly hasDraft: boolean;
  readonly clients: readonly { readonly id: string; readonly name: string }[];
}) {
  const { areas, only } = data;
  const isUsed = view.only === 'used' || (view.only === 'auto' && only === 'used');
  return (
    <div className={style.tools}>
      <Find label={texts.findGroup} value={view.q ?? ''} onChange={(event) => setQ(event.target.value, true)} />
      <Find
        isSecond
        label={texts.findServer}
        value={view.server ?? ''}
        onChange={(event) => setServer(event.target.value, true)}
      />
      <Segmented
        label={texts.cells}
        value={view.cells}
        onChange={(next) => setCells(next === 'all' ? '' : next)}
        options={(['all', ...kinds] as const)
          .filter((each) => each !== 'changed' || hasDraft)
          .map((value) => ({ value, label: texts.cellKinds[value] }))}
      />
      <Segmented
        label={texts.rows}
        value={isUsed ? 'used' : view.only === 'ruled' ? 'ruled' : 'all'}
        onChange={setOnly}
        options={[
          { value: 'used', label: texts.used },
          { value: 'ruled', label: texts.ruled },
          { value: 'all', label: texts.all },
        ]}
      />
      <Choice
        label={texts.through}
        value={client}
        onChange={setClient}
        options={[
          { value: '', label: texts.anyClient },
          ...clients.map(({ id, name }) => ({ value: id, label: name })),
        ]}
      />
      {areas.length > 1 && (
        <Button small onClick={() => setFold(fold === '' ? areas.map(({ id }) => id).join(',') : '')}>
          {fold === '' ? texts.foldAll : texts.unfoldAll}
        </Button>
      )}
    </div>
  );
}
