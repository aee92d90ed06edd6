import { openSqliteBeside, type SqliteOptions } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { fromLineText } from './line-text.ts';
import { createRemoteTurn, type Taker, type Turns } from './turns.ts';

/** Opens a store as a worker does: it is told when it may write, later, and what it says arrives later. */
export function openInTurn(file: string, turns: Turns, options: Omit<SqliteOptions, 'turn'>): Store {
  const taker: Taker = { grant: () => void setImmediate(turn.granted), expire: () => undefined };
  const turn = createRemoteTurn(
    (message) =>
      void setImmediate(() =>
        'lines' in message ? turns.done(taker, fromLineText(message.lines), message.again) : turns.ask(taker),
      ),
  );
  return openSqliteBeside(file, { ...options, turn, written: turn.written });
}
