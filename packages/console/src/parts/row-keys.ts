import { type KeyboardEvent, useRef, useState } from 'react';

const steps: Readonly<Record<string, number>> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };

/** One tab stop for all rows: keys move it. The shell moves the focus into a table that nobody is in yet. */
export function useRowKeys(count: number, onMove: (at: number) => void) {
  const [current, setCurrent] = useState(0);
  const rows = useRef(new Map<number, HTMLTableRowElement>());

  function move(to: number): void {
    const at = Math.min(Math.max(to, 0), count - 1);
    setCurrent(at);
    onMove(at);
    const row = rows.current.get(at);
    if (row) row.focus();
    else requestAnimationFrame(() => rows.current.get(at)?.focus()); // far away: it is drawn first
  }

  return {
    of: (at: number) => ({
      ref: (row: HTMLTableRowElement | null) => {
        if (row) rows.current.set(at, row);
        else rows.current.delete(at);
      },
      tabIndex: at === Math.min(current, count - 1) ? 0 : -1,
      onFocus: () => setCurrent(at),
      onKeyDown: (event: KeyboardEvent) => {
        if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
        const to = { Home: 0, End: count - 1 }[event.key] ?? at + (steps[event.key] ?? 0);
        if (to === at) return;
        event.preventDefault();
        event.stopPropagation();
        move(to);
      },
    }),
  };
}
