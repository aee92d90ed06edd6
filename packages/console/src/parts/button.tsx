import type { ComponentPropsWithRef } from 'react';
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
  return (
    <fieldset className={style.segmented} aria-label={label} disabled={disabled}>
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
