import type { KeyboardEvent } from 'react';
import { Segmented } from '../../parts/button.tsx';
import { OutcomeMark, RiskMeter } from '../../parts/marks.tsx';
import { useRowKeys } from '../../parts/row-keys.ts';
import { areKeysOn } from '../../shell/keys.ts';
import { accessTexts as texts } from '../../texts/access.ts';
import style from './cell.module.css';
import type { Choice, ScopeSays } from './cell-rules.ts';
import type { OpenedCell } from './model.ts';

type Scope = OpenedCell['scopes'][number];

const choices = (['allow', 'none', 'refuse'] as const).map((value) => ({ value, label: texts.choices[value] }));
const choiceKeys: Readonly<Record<string, Choice>> = { a: 'allow', n: 'none', x: 'refuse' };

/** Each scope of the server: what of it is so now, and what it is to be. One tab stop: arrows move, `a` `n` `x` choose. */
export function CellScopes({
  label,
  scopes,
  says,
  inForce,
  onChoose,
}: {
  readonly label: string;
  readonly scopes: readonly Scope[];
  /** What the rules of the cell say in the draft; `undefined` for those who only read. */
  readonly says: ReadonlyMap<string, ScopeSays> | undefined;
  /** The same in force, to mark what is another. */
  readonly inForce: ReadonlyMap<string, ScopeSays> | undefined;
  readonly onChoose: (scope: string, choice: Choice) => void;
}) {
  const keys = useRowKeys(scopes.length, () => undefined);

  function onKeyDown(event: KeyboardEvent, scope: string): void {
    if (!says || !areKeysOn() || event.ctrlKey || event.metaKey || event.altKey) return;
    const choice = choiceKeys[event.key];
    if (!choice) return;
    event.preventDefault();
    event.stopPropagation();
    onChoose(scope, choice);
  }

  return (
    <table className={style.scopes} aria-label={label}>
      <thead>
        <tr>
          <th scope="col">{texts.scope}</th>
          <th scope="col">{texts.riskHead}</th>
          <th scope="col">{texts.now}</th>
          <th scope="col">{says ? texts.inDraft : texts.by}</th>
        </tr>
      </thead>
      <tbody>
        {scopes.map((scope, at) => {
          const { name, risk, rules } = scope;
          const row = keys.of(at);
          const mine = says?.get(name);
          return (
            <tr
              key={name}
              {...row}
              data-scope={name}
              onKeyDown={(event) => {
                onKeyDown(event, name);
                if (!event.isPropagationStopped()) row.onKeyDown(event);
              }}
            >
              <th scope="row">
                <code>{name}</code>
              </th>
              <td>
                <RiskMeter risk={risk} />
              </td>
              <td>
                <State scope={scope} />
              </td>
              <td>
                {mine ? (
                  <Segmented<Choice>
                    label={texts.choiceOf(name)}
                    value={mine.choice}
                    onChange={(choice) => onChoose(name, choice)}
                    options={choices.map((option) => ({
                      ...option,
                      draft: option.value === mine.choice && inForce?.get(name)?.choice !== mine.choice,
                    }))}
                  />
                ) : (
                  <code>{rules.join(' ')}</code>
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function State({ scope: { state } }: { readonly scope: Scope }) {
  if (state === 'not_given') return <span className="quiet">{texts.states.not_given}</span>;
  const outcome = state === 'denied' ? 'refused' : state === 'conditional' ? 'narrowed' : 'allowed';
  return <OutcomeMark outcome={outcome}>{texts.states[state]}</OutcomeMark>;
}
