import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef } from 'react';
import { partTexts } from '../texts/parts.ts';
import { Button } from './button.tsx';
import { saveFile } from './csv.ts';
import style from './long-text.module.css';
import { toNumber } from './time-words.ts';

/** Up to so many lines stand there as they are, for the search of the browser; of more, those in sight. */
const manyLines = 2000;
const lineHeight = 19;

/** A text of any length in a box that scrolls, to look at or to take along. */
export function LongText({
  text,
  fileName,
}: {
  readonly text: string;
  /** As it is saved; names the box, too, for those who do not see where it stands. */
  readonly fileName: string;
}) {
  const box = useRef<HTMLElement>(null);
  const lines = useMemo(() => text.split('\n'), [text]);
  const isMany = lines.length > manyLines;
  const rows = useVirtualizer({
    count: isMany ? lines.length : 0,
    getScrollElement: () => box.current,
    estimateSize: () => lineHeight,
    overscan: 20,
  });
  const drawn = rows.getVirtualItems();
  const shown = isMany ? drawn.map(({ index }) => lines[index]).join('\n') : text;
  return (
    <figure className={style.text}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard */}
      <section ref={box} tabIndex={0} aria-label={fileName}>
        <pre style={isMany ? { height: rows.getTotalSize() } : undefined}>
          {isMany ? <span style={{ top: drawn[0]?.start ?? 0 }}>{shown}</span> : shown}
        </pre>
      </section>
      <figcaption>
        <span className="remark">{partTexts.lines(toNumber(lines.length))}</span>
        <Button small onClick={() => saveFile(fileName, 'application/json', text)}>
          {partTexts.saveText}
        </Button>
      </figcaption>
    </figure>
  );
}
