import { useState } from 'react';
import { useChange } from '../../data/api.ts';
import { useMe } from '../../data/me.ts';
import { Check, Field } from '../../parts/field.tsx';
import { Dialog } from '../../parts/overlay.tsx';
import { settingsTexts, tokenTexts as texts } from '../../texts/settings.ts';
import { Form } from '../people/add.tsx';
import style from './settings.module.css';
import { ShownOnce } from './shown-once.tsx';
import { scopesFor, type TokenScope } from './token-scopes.ts';

/** Makes an API token, with what the own role covers or less, and shows it once. */
export function MakeToken({ onClose }: { readonly onClose: () => void }) {
  const offered = scopesFor(useMe().permissions);
  const [name, setName] = useState('');
  const [days, setDays] = useState('90');
  const [scopes, setScopes] = useState<readonly TokenScope[]>([]);
  const [value, setValue] = useState<string>();
  const make = useChange('createToken', ['listTokens']);
  const count = Number(days);
  const submit = async () => {
    const made = await make.mutateAsync({ body: { name: name.trim(), scopes, days: count } });
    // It is not kept with what the page has read.
    make.reset();
    setValue(made.value.token);
  };
  if (value !== undefined) return <ShownOnce title={name.trim()} secret={value} onClose={onClose} />;
  return (
    <Dialog title={texts.makeTitle} onClose={onClose}>
      <Form
        action={texts.makeDo}
        isBusy={make.isPending}
        isReady={name.trim() !== '' && scopes.length > 0 && Number.isInteger(count) && count > 0}
        error={make.error}
        onClose={onClose}
        onSubmit={submit}
      >
        <Field
          label={settingsTexts.name}
          hint={texts.nameHint}
          required
          maxLength={80}
          autoComplete="off"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <Field
          label={texts.days}
          hint={texts.daysHint}
          type="number"
          min={1}
          max={366}
          required
          value={days}
          onChange={(event) => setDays(event.target.value)}
        />
        <fieldset className={style.choice}>
          <legend>{texts.scopes}</legend>
          {offered.map((scope) => (
            <Check
              key={scope}
              label={<code>{scope}</code>}
              checked={scopes.includes(scope)}
              onChange={({ target }) =>
                setScopes(target.checked ? [...scopes, scope] : scopes.filter((each) => each !== scope))
              }
            />
          ))}
        </fieldset>
      </Form>
    </Dialog>
  );
}
