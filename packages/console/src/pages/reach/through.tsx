import { Name, places } from '../../parts/name.tsx';
import { Time } from '../../parts/time.tsx';
import { reachTexts as texts } from '../../texts/reach.ts';
import style from './reach.module.css';

/** Clients that somebody has something through: what, and when last. */
export function Through({
  through,
  nameOf,
}: {
  readonly through: readonly {
    readonly client: string;
    readonly scopes: readonly string[];
    readonly lastMs: number | null;
  }[];
  readonly nameOf: (client: string) => string;
}) {
  return (
    <ul className={style.lines}>
      {through.map(({ client, scopes, lastMs }) => (
        <li key={client}>
          <Name to={places.client(client)}>{nameOf(client)}</Name>
          <code>{scopes.join(' ')}</code>
          <span className="remark">{lastMs === null ? texts.neverUsed : <Time ms={lastMs} />}</span>
        </li>
      ))}
    </ul>
  );
}
