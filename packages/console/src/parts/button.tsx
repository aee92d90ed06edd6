import { type ComponentPropsWithRef, useEffect, useRef } from 'react';
import style from './button.module.css';

export type ButtonKind = 'plain' | 'first' | 'danger';

/** A button. At most one on a page is `first`; `danger` is what cannot be undone. */
export function Button({
  kind = 'plain',
  small = false,
  className = '',
  type = 'button',
  ...rest
}: ComponentPropsWithRef<'button'> & { readonly kind?: ButtonKind; readonly small?: boolean }) {
  return <button type={type} className={buttonClass(kind, small, className)} {...rest} />;
}

/** For a link that looks like a button. */
export function buttonClass(kind: ButtonKind = 'plain', small = false, more = ''): string {
  return [style.button, style[kind], small && style.small, more].filter(Boolean).join(' ');
}

/** One of a few, all in sight; `label` names the choice for those who do not see it. */
export function Segmented<T extends string>({
  label,
  value,
  options,
  onChange,
  disabled = false,
}: {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: React.ReactNode; readonly draft?: boolean }[];
  readonly onChange: (value: T) => void;
  readonly disabled?: boolean;
}) {
  const all = useRef<HTMLFieldSetElement>(null);
  // Where not all of them have room, the one that is chosen is in sight; the page itself stays where it is.
  // biome-ignore lint/correctness/useExhaustiveDependencies: looked at again when another is chosen
  useEffect(() => {
    const box = all.current;
    const chosen = box?.querySelector<HTMLElement>('[aria-pressed="true"]');
    if (!box || !chosen || box.scrollWidth <= box.clientWidth) return;
    const [left, right] = [chosen.offsetLeft - box.offsetLeft, chosen.offsetLeft - box.offsetLeft + chosen.offsetWidth];
    if (left < box.scrollLeft) box.scrollLeft = left;
    else if (right > box.scrollLeft + box.clientWidth) box.scrollLeft = right - box.clientWidth;
  }, [value]);
  return (
    <fieldset ref={all} className={style.segmented} aria-label={label} disabled={disabled}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          data-draft={option.draft || undefined}
          onClick={() => onChange(option.value)}
        >
          {option.label}
        </button>
      ))}
    </fieldset>
  );
}
