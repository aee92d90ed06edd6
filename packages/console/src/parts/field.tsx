import { type ComponentPropsWithRef, useId } from 'react';
import style from './field.module.css';

interface Around {
  readonly label: string;
  /** Grey, under the label. */
  readonly hint?: React.ReactNode;
  /** What is wrong with the value: read aloud, and the field is marked. */
  readonly problem?: string | undefined;
}

/** A line to type in, with its label. */
export function Field({ label, hint, problem, ...rest }: Around & ComponentPropsWithRef<'input'>) {
  const id = useId();
  return (
    <Labelled id={id} label={label} hint={hint} problem={problem}>
      <input
        className={style.input}
        id={id}
        aria-describedby={`${id}-more`}
        aria-invalid={problem !== undefined}
        {...rest}
      />
    </Labelled>
  );
}

/** Some lines to type in. */
export function Area({ label, hint, problem, ...rest }: Around & ComponentPropsWithRef<'textarea'>) {
  const id = useId();
  return (
    <Labelled id={id} label={label} hint={hint} problem={problem}>
      <textarea
        className={`${style.input} ${style.area}`}
        rows={3}
        id={id}
        aria-describedby={`${id}-more`}
        aria-invalid={problem !== undefined}
        {...rest}
      />
    </Labelled>
  );
}

/** Yes or no. */
export function Check({
  label,
  remark,
  ...rest
}: { readonly label: React.ReactNode; readonly remark?: React.ReactNode } & ComponentPropsWithRef<'input'>) {
  return (
    <label className={style.check}>
      <input type="checkbox" {...rest} />
      <span>
        {label}
        {remark !== undefined && <span className={`remark ${style.remark}`}>{remark}</span>}
      </span>
    </label>
  );
}

/** One of several, by the list of the system. */
export function Choice({
  label,
  value,
  options,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly onChange: (value: string) => void;
}) {
  return (
    <label className={style.choice}>
      <span className="quiet">{label}</span>
      <select className={style.input} value={value} onChange={(event) => onChange(event.target.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Finds on the page; `/` comes to the first. */
export function Find({
  label,
  isSecond = false,
  ...rest
}: { readonly label: string; readonly isSecond?: boolean } & ComponentPropsWithRef<'input'>) {
  return (
    <span className={style.find}>
      <input
        type="search"
        className={style.input}
        aria-label={label}
        placeholder={label}
        data-find={isSecond ? undefined : ''}
        {...rest}
      />
      {!isSecond && <kbd aria-hidden="true">/</kbd>}
    </span>
  );
}

function Labelled({
  id,
  label,
  hint,
  problem,
  children,
}: Around & { readonly id: string; readonly children: React.ReactNode }) {
  return (
    <div className={style.field}>
      <label htmlFor={id}>{label}</label>
      {children}
      <span id={`${id}-more`} className="remark">
        {problem !== undefined ? <span className={style.problem}>{problem}</span> : hint}
      </span>
    </div>
  );
}
