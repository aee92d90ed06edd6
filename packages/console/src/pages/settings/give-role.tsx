import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useChange, useRead } from '../../data/api.ts';
import { useMe } from '../../data/me.ts';
import { type Answer, toProblem } from '../../data/problem.ts';
import { Button } from '../../parts/button.tsx';
import { Check, Find } from '../../parts/field.tsx';
import { tell } from '../../parts/notes.tsx';
import { Dialog } from '../../parts/overlay.tsx';
import { administratorTexts as texts } from '../../texts/settings.ts';
import { roleNames } from '../../texts/shell.ts';
import { Form } from '../people/add.tsx';
import people from '../people/people.module.css';
import style from './settings.module.css';

type Role = Answer<'getMe'>['role'];
const roles: readonly Role[] = ['owner', 'policy', 'people', 'auditor', 'help-desk'];

interface Chosen {
  readonly person: string;
  readonly name: string;
  readonly role?: Role;
}

/** Makes somebody an administrator, or gives them another role; where a second person is asked for, asks them. */
export function GiveRole({ to, onClose }: { readonly to: Chosen | undefined; readonly onClose: () => void }) {
  const [chosen, choose] = useState(to);
  const [role, setRole] = useState<Role | undefined>(to?.role);
  const grant = useChange('grantRole', ['listAdministrators', 'getOverview', 'getPerson']);
  const propose = useChange('proposeRole', ['listChanges']);
  const needsSecond = grant.error !== null && toProblem(grant.error).code === 'second_person_needed';
  const submit = async () => {
    if (!chosen || !role) return;
    if (needsSecond) {
      const name = texts.askName(chosen.name, roleNames[role] ?? role);
      await propose.mutateAsync({ body: { name, person: chosen.person, role } });
      tell(texts.asked);
    } else {
      await grant.mutateAsync({ params: { id: chosen.person }, body: { role } });
      tell(texts.given(chosen.name));
    }
    onClose();
  };
  return (
    <Dialog title={to ? texts.changeTitle(to.name) : texts.addTitle} onClose={onClose}>
      <Form
        action={needsSecond ? texts.ask : to ? texts.changeDo : texts.addDo}
        isBusy={grant.isPending || propose.isPending}
        isReady={chosen !== undefined && role !== undefined && role !== to?.role}
        error={propose.error ?? grant.error}
        onClose={onClose}
        onSubmit={submit}
      >
        {!to && <Who chosen={chosen} choose={choose} />}
        <fieldset className={style.choice}>
          <legend>{texts.role}</legend>
          {roles.map((each) => (
            <Check
              key={each}
              type="radio"
              name="role"
              label={roleNames[each] ?? each}
              remark={texts.roles[each]}
              checked={role === each}
              onChange={() => setRole(each)}
            />
          ))}
        </fieldset>
      </Form>
    </Dialog>
  );
}

function Who({
  chosen,
  choose,
}: {
  readonly chosen: Chosen | undefined;
  readonly choose: (person: Chosen | undefined) => void;
}) {
  const me = useMe();
  const [q, setQ] = useState('');
  const [later] = useDebouncedValue(q.trim(), 200);
  const found = useRead('listPeople', { query: { q: later || '@', limit: 8, active: 'true' } });
  if (chosen) {
    return (
      <div className="row">
        <b>{chosen.name}</b>
        <Button small onClick={() => choose(undefined)}>
          {texts.person} ×
        </Button>
      </div>
    );
  }
  return (
    <>
      <Find
        data-autofocus
        label={texts.find}
        value={q}
        maxLength={100}
        onChange={(event) => setQ(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') event.preventDefault();
        }}
      />
      <div className={people.found}>
        {(found.data?.value.items ?? [])
          .filter(({ id }) => id !== me.id)
          .map(({ id, name, email }) => (
            <button key={id} type="button" onClick={() => choose({ person: id, name })}>
              <span>{name}</span>
              <span className="remark">{email}</span>
            </button>
          ))}
      </div>
    </>
  );
}
