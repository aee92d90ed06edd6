import { useState } from 'react';
import { useChange, useList, useRead } from '../../data/api.ts';
import { useMe } from '../../data/me.ts';
import { OutcomeMark } from '../../parts/marks.tsx';
import { MayButton } from '../../parts/may.tsx';
import { Name, places } from '../../parts/name.tsx';
import { useNamed } from '../../parts/named.ts';
import { tell } from '../../parts/notes.tsx';
import { Confirm } from '../../parts/overlay.tsx';
import { PageHead, Section } from '../../parts/section.tsx';
import { Await, ErrorNote } from '../../parts/states.tsx';
import { StopDialog } from '../../parts/stop-dialog.tsx';
import { Time } from '../../parts/time.tsx';
import { useTitle } from '../../shell/shell.tsx';
import { peopleTexts, personTexts as texts } from '../../texts/people.ts';
import { EditPerson } from './edit-person.tsx';
import { toSource } from './people-list.tsx';
import { Memberships, SignInFacts } from './person-facts.tsx';
import { PersonReach } from './reach.tsx';
import { Sessions } from './sessions.tsx';

type Asking = 'edit' | 'off' | 'stop' | undefined;

/** One person: what they can reach and why, where they are signed in, and the switches. */
export function Page() {
  const id = useNamed('id');
  const { permissions } = useMe();
  const person = useRead('getPerson', { params: { id } });
  const stops = useRead('listStops', { query: {} });
  const sessions = useList('listSessions', { query: { person: id } });
  const mayReach = permissions.includes('read:reach');
  const reach = useList('reachOfPerson', { params: { id }, query: { limit: 200 } }, mayReach);
  const [asking, ask] = useState<Asking>();
  const off = useChange('switchPersonOff', ['getPerson', 'listPeople', 'listSessions', 'reachOfPerson']);
  const on = useChange('switchPersonOn', ['getPerson', 'listPeople', 'reachOfPerson']);
  useTitle(person.data?.value.name ?? texts.one);
  const stop = stops.data?.value.items.find(({ kind, target }) => kind === 'person' && target === id);
  const error = off.error ?? on.error;
  return (
    <Await query={person} rows={8}>
      {({ value, etag }) => (
        <>
          <PageHead
            title={
              <span className="row">
                {value.name}
                {!value.active && <OutcomeMark outcome="stopped">{peopleTexts.off}</OutcomeMark>}
                {stop && <OutcomeMark outcome="stopped">{texts.isStopped}</OutcomeMark>}
              </span>
            }
            lead={
              <>
                {value.email} <span aria-hidden="true">·</span> {toSource(value.source)}{' '}
                <span aria-hidden="true">·</span> <code>{value.id}</code>
                {stop && (
                  <>
                    <br />
                    {texts.isStopped} <Time ms={stop.at * 1000} />: {stop.reason}
                  </>
                )}
              </>
            }
          >
            <MayButton
              permission="write:people"
              disabled={value.source !== 'local'}
              title={value.source === 'local' ? undefined : texts.ownedBy(toSource(value.source))}
              onClick={() => ask('edit')}
            >
              {texts.edit}
            </MayButton>
            {value.active ? (
              <MayButton permission="write:people" onClick={() => ask('off')}>
                {texts.switchOff}
              </MayButton>
            ) : (
              <MayButton
                permission="write:people"
                disabled={on.isPending}
                onClick={() => on.mutate({ params: { id } }, { onSuccess: () => tell(texts.onDone(value.name)) })}
              >
                {texts.switchOn}
              </MayButton>
            )}
            {!stop && (
              <MayButton kind="danger" permission="stop" onClick={() => ask('stop')}>
                {texts.stop}
              </MayButton>
            )}
          </PageHead>
          {error !== null && <ErrorNote error={error} />}
          <div className="columns">
            <div className="stack">
              <Section
                title={texts.reach}
                remark={texts.reachRemark}
                action={mayReach && <Name to={places.reach({ person: id })}>{texts.reachHow}</Name>}
              >
                {mayReach ? <PersonReach list={reach} /> : <p className="quiet">{texts.reachHidden}</p>}
              </Section>
              <Sessions id={id} name={value.name} list={sessions} />
            </div>
            <div className="stack">
              <Memberships person={value} />
              <SignInFacts person={value} />
            </div>
          </div>
          {asking === 'edit' && <EditPerson person={value} etag={etag} onClose={() => ask(undefined)} />}
          {asking === 'stop' && (
            <StopDialog
              kind="person"
              target={id}
              name={value.name}
              touches={['listSessions']}
              onClose={() => ask(undefined)}
            />
          )}
          {asking === 'off' && (
            <Confirm
              consequence={texts.offTitle(value.name, sessions.items.length)}
              action={texts.offDo(value.name)}
              onClose={() => ask(undefined)}
              onDo={() => {
                ask(undefined);
                off.mutate({ params: { id } });
              }}
            >
              {texts.offLead}
            </Confirm>
          )}
        </>
      )}
    </Await>
  );
}
