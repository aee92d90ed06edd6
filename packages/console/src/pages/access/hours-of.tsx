import { useState } from 'react';
import { Check, Field } from '../../parts/field.tsx';
import { accessTexts as texts } from '../../texts/access.ts';
import style from './cell.module.css';
import { type Hours, isTimeOfDay, weekdays } from './conditions.ts';

/** Hours of some days, by the clocks of a place. */
export function HoursOf({
  value,
  onChange,
}: {
  readonly value: Hours | undefined;
  readonly onChange: (value: Hours | undefined) => void;
}) {
  const start = (): Hours => ({
    days: weekdays.slice(0, 5),
    from: '08:00',
    to: '18:00',
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  });
  return (
    <div>
      <Check
        label={texts.atHours}
        checked={value !== undefined}
        onChange={() => onChange(value ? undefined : start())}
      />
      {value && (
        <div className={style.more}>
          <fieldset className={style.days} aria-label={texts.days}>
            {weekdays.map((day) => (
              <label key={day}>
                <input
                  type="checkbox"
                  checked={value.days.includes(day)}
                  // Hours of no day would be no hours at all.
                  disabled={value.days.length === 1 && value.days.includes(day)}
                  onChange={() =>
                    onChange({
                      ...value,
                      days: weekdays.filter((each) => (each === day) !== value.days.includes(each)),
                    })
                  }
                />
                {texts.dayNames[day]}
              </label>
            ))}
          </fieldset>
          <div className={style.times}>
            <Typed
              label={texts.fromTime}
              value={value.from}
              isRight={(text) => isTimeOfDay(text, false) && text !== value.to}
              problem={texts.timeProblem}
              onChange={(from) => onChange({ ...value, from })}
            />
            <Typed
              label={texts.toTime}
              value={value.to}
              isRight={(text) => isTimeOfDay(text, true) && text !== value.from}
              problem={texts.timeProblem}
              onChange={(to) => onChange({ ...value, to })}
            />
            <Typed
              label={texts.zone}
              value={value.zone}
              isRight={isZone}
              problem={texts.zoneProblem}
              onChange={(zone) => onChange({ ...value, zone })}
            />
          </div>
        </div>
      )}
    </div>
  );
}

/** Taken over when one leaves it, if it is right. */
function Typed({
  label,
  value,
  isRight,
  problem,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly isRight: (text: string) => boolean;
  readonly problem: string;
  readonly onChange: (value: string) => void;
}) {
  const [typed, setTyped] = useState<string>();
  const isWrong = typed !== undefined && !isRight(typed);
  return (
    <Field
      label={label}
      value={typed ?? value}
      problem={isWrong ? problem : undefined}
      onChange={(event) => setTyped(event.target.value)}
      onBlur={() => {
        if (typed === undefined || isWrong) return;
        setTyped(undefined);
        if (typed !== value) onChange(typed);
      }}
    />
  );
}

function isZone(zone: string): boolean {
  try {
    return zone !== '' && new Intl.DateTimeFormat('en', { timeZone: zone }) !== undefined;
  } catch {
    return false;
  }
}
