import { useDebouncedValue } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import { useRead } from '../../data/api.ts';
import { useMe } from '../../data/me.ts';
import type { Answer } from '../../data/problem.ts';
import { Button } from '../../parts/button.tsx';
import { Find } from '../../parts/field.tsx';
import { tell } from '../../parts/notes.tsx';
import { Dialog } from '../../parts/overlay.tsx';
import { groupTexts as texts } from '../../texts/people.ts';
import { Form } from './add.tsx';
import type { PersonRow } from './every-page.ts';
import { useMemberChange } from './member-change.ts';
import style from './people.module.css';

/** As many as one change may hold. */
const most = 100;

/** Looks people up and puts them into a group, or asks a second person to. */
export function AddPeople({ group, onClose }: { readonly group: Answer<'getGroup'>; readonly onClose: () => void }) {
  const me = useMe();
  const [q, setQ] = useState('');
  const [later] = useDebouncedValue(q.trim(), 200);
  const [chosen, choose] = useState<readonly PersonRow[]>([]);
  const found = useRead('listPeople', { query: { q: later || '@', limit: 12 } });
  const change = useMemberChange(group);
  const own = group.kind === 'group' ? 'groups' : 'roles';
  const offered = (found.data?.value.items ?? []).filter(
    (person) => person.id !== me.id && !person[own].includes(group.id) && !chosen.some(({ id }) => id === person.id),
  );
  const add = chosen.map(({ id }) => id);
  // Enter takes the first that is offered, also when it is pressed before what was typed has been looked up.
  const [takesFirst, takeFirst] = useState(false);
  const isSettled = later === q.trim() && found.data !== undefined;
  const [first] = offered;
  useEffect(() => {
    if (!takesFirst || !isSettled) return;
    takeFirst(false);
    if (!first || later === '' || chosen.length >= most) return;
    choose([...chosen, first]);
    setQ('');
  }, [takesFirst, isSettled, first, later, chosen]);
  const submit = async () => {
    if (change.needsSecond) {
      await change.propose({ add });
      tell(texts.asked);
    } else {
      await change.run({ add });
      tell(texts.joined(add.length, group.name));
    }
    onClose();
  };
  return (
    <Dialog title={texts.addTitle(group.name)} onClose={onClose}>
      <Form
        action={change.needsSecond ? texts.ask : texts.addDo(add.length)}
        isBusy={change.isBusy}
        isReady={add.length > 0}
        error={change.error}
        onClose={onClose}
        onSubmit={submit}
      >
        {chosen.length > 0 && (
          <ul className={style.scopes} aria-label={texts.chosen}>
            {chosen.map((person) => (
              <li key={person.id}>
                <Button
                  small
                  aria-label={texts.takeOut(person.name)}
                  onClick={() => choose(chosen.filter(({ id }) => id !== person.id))}
                >
                  {person.name} ×
                </Button>
              </li>
            ))}
          </ul>
        )}
        <Find
          data-autofocus
          label={texts.addFind}
          value={q}
          maxLength={100}
          onChange={(event) => {
            takeFirst(false);
            setQ(event.target.value);
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return;
            event.preventDefault(); // It does not send the form.
            takeFirst(true);
          }}
        />
        <div className={style.found}>
          {offered.map((person) => (
            <button
              key={person.id}
              type="button"
              disabled={chosen.length >= most}
              onClick={() => choose([...chosen, person])}
            >
              <span>{person.name}</span>
              <span className="remark">{person.email}</span>
            </button>
          ))}
        </div>
        <p className="remark" role="status">
          {found.data && offered.length === 0 && texts.addNone}
        </p>
      </Form>
    </Dialog>
  );
}
