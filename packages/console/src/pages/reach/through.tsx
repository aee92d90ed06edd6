import { Fragment } from 'react';
import { Name, places } from '../../parts/name.tsx';
import { Time } from '../../parts/time.tsx';
import { reachTexts as texts } from '../../texts/reach.ts';
import { groupClients, type ThroughClient } from './group-clients.ts';
import style from './reach.module.css';

/** Clients that somebody has something through: what, and when last. Those of which the same is true stand together. */
export function Through({
  through,
  nameOf,
}: {
  readonly through: readonly ThroughClient[];
  readonly nameOf: (client: string) => string;
}) {
  return (
    <ul className={style.lines}>
      {groupClients(through).map(({ clients, scopes, lastMs }) => (
        <li key={clients.join(' ')}>
          <span>
            {clients.map((client, at) => (
              <Fragment key={client}>
                {at > 0 && ', '}
                <Name to={places.client(client)}>{nameOf(client)}</Name>
              </Fragment>
            ))}
          </span>
          <code>{scopes.join(' ')}</code>
          <span className="remark">{lastMs === null ? texts.neverUsed : <Time ms={lastMs} />}</span>
        </li>
      ))}
    </ul>
  );
}
