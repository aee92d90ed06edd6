import { Button } from './button.tsx';
import style from './copy.module.css';
import { tell } from './notes.tsx';

/** Text to paste elsewhere, as it is, with a button that copies it. */
export function Copyable({
  label,
  text,
  copy,
  copied,
}: {
  /** Names it, above the text. */
  readonly label: string;
  readonly text: string;
  readonly copy: string;
  readonly copied: string;
}) {
  return (
    <figure className={style.copyable}>
      <figcaption>
        <span>{label}</span>
        <Button
          small
          aria-label={`${copy}: ${label}`}
          onClick={() => void navigator.clipboard.writeText(text).then(() => tell(copied))}
        >
          {copy}
        </Button>
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard */}
      <section tabIndex={0} aria-label={label}>
        <pre>{text}</pre>
      </section>
    </figure>
  );
}
