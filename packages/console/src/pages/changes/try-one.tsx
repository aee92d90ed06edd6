import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useRead } from '../../data/api.ts';
import { useMe } from '../../data/me.ts';
import { Field } from '../../parts/field.tsx';
import { OutcomeMark } from '../../parts/marks.tsx';
import { Section } from '../../parts/section.tsx';
import { Await } from '../../parts/states.tsx';
import { useUrlState } from '../../parts/url-state.ts';
import { changesTexts as texts } from '../../texts/changes.ts';
import style from './changes.module.css';

/** What a draft does to one person, whoever that is. */
export function TryOne({ id }: { readonly id: string }) {
  const { permissions } = useMe();
  const [person, setPerson] = useUrlState('person');
  const [text, setText] = useState('');
  const [q] = useDebouncedValue(text.trim(), 150);
  const enabled = q.length > 1;
  const people = useRead('listPeople', { query: { q: q.slice(0, 100), limit: 5 } }, { enabled });
  if (!permissions.includes('read:people')) return null;
  return (
    <Section title={texts.tryOne}>
      <Field
        label={texts.findPerson}
        value={text}
        autoComplete="off"
        onChange={(event) => setText(event.target.value)}
      />
      {enabled && people.data && (
        <ul className={style.found}>
          {people.data.value.items.map(({ id: found, name, email }) => (
            <li key={found}>
              <button
                type="button"
                onClick={() => {
                  setPerson(found);
                  setText('');
                }}
              >
                {name} <span className="remark">{email}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {person !== '' && <Outcome draft={id} person={person} />}
    </Section>
  );
}

function Outcome({ draft, person }: { readonly draft: string; readonly person: string }) {
  const query = useRead('whatIf', { params: { id: draft }, query: { person } });
  const who = useRead('getPerson', { params: { id: person } });
  const name = who.data?.value.name ?? person;
  return (
    <Await query={query}>
      {({ value: { gained, lost } }) => (
        <div role="status">
          <h3>{name}</h3>
          {gained.length + lost.length === 0 && <p className="quiet">{texts.tryNothing(name)}</p>}
          <Reach outcome="allowed" words={texts.gains} reach={gained} />
          <Reach outcome="refused" words={texts.loses} reach={lost} />
        </div>
      )}
    </Await>
  );
}

function Reach({
  outcome,
  words,
  reach,
}: {
  readonly outcome: 'allowed' | 'refused';
  readonly words: string;
  readonly reach: readonly { readonly client: string; readonly server: string; readonly scopes: readonly string[] }[];
}) {
  if (reach.length === 0) return null;
  return (
    <div>
      <OutcomeMark outcome={outcome}>{words}</OutcomeMark>
      <ul>
        {reach.map(({ client, server, scopes }) => (
          <li key={`${client} ${server}`}>
            <code>{scopes.join(' ')}</code>{' '}
            <span className="quiet">
              {server}, {client}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
