import { useSyncExternalStore } from 'react';
import { toProblem } from '../data/problem.ts';
import { partTexts } from '../texts/parts.ts';
import style from './overlay.module.css';

interface Note {
  readonly id: number;
  readonly text: string;
  readonly undo: (() => Promise<unknown>) | undefined;
}

const undoMs = 10_000;
const listeners = new Set<() => void>();
let notes: readonly Note[] = [];
let nextId = 1;

function set(next: readonly Note[]): void {
  notes = next;
  for (const listener of listeners) listener();
}

/** Says what was done, for ten seconds; with `undo`, offers to take it back meanwhile, and says so when that fails. */
export function tell(text: string, undo?: () => Promise<unknown>): void {
  const note = { id: nextId++, text, undo };
  set([...notes.slice(-2), note]);
  setTimeout(() => set(notes.filter(({ id }) => id !== note.id)), undoMs);
}

/** Where the notes are shown and read aloud; once, in the shell. */
export function Notes() {
  const shown = useSyncExternalStore(
    (onChange) => {
      listeners.add(onChange);
      return () => listeners.delete(onChange);
    },
    () => notes,
  );
  return (
    <div className={style.notes} role="status">
      {shown.map(({ id, text, undo }) => (
        <div key={id} className={style.note}>
          <span>{text}</span>
          {undo && (
            <button
              type="button"
              onClick={() => {
                set(notes.filter((note) => note.id !== id));
                undo().catch((error) => tell(partTexts.notUndone(toProblem(error).detail)));
              }}
            >
              {partTexts.undo}
            </button>
          )}
        </div>
      ))}
    </div>
  );
}
