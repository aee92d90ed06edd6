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

/** Finds on the page; `/` comes here. */
export function Find({ label, ...rest }: { readonly label: string } & ComponentPropsWithRef<'input'>) {
  return (
    <span className={style.find}>
      <input type="search" className={style.input} aria-label={label} placeholder={label} data-find="" {...rest} />
      <kbd aria-hidden="true">/</kbd>
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
