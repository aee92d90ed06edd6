import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useChange, useList, useRead } from '../../data/api.ts';
import { useMe } from '../../data/me.ts';
import type { Answer } from '../../data/problem.ts';
import { Field } from '../../parts/field.tsx';
import { MayButton } from '../../parts/may.tsx';
import { useNamed } from '../../parts/named.ts';
import { Confirm, Dialog } from '../../parts/overlay.tsx';
import { PageHead, Section } from '../../parts/section.tsx';
import { Await, ErrorNote } from '../../parts/states.tsx';
import { useTitle } from '../../shell/shell.tsx';
import { peopleTexts, personTexts, groupTexts as texts } from '../../texts/people.ts';
import { Form } from './add.tsx';
import { AddPeople } from './add-people.tsx';
import { Members } from './members.tsx';
import { toSource } from './people-list.tsx';
import { GroupReach } from './reach.tsx';
import { Waiting } from './waiting.tsx';

type Group = Answer<'getGroup'>;

/** One group or role: who is in it, and what is given to it. */
export function Page() {
  const ref = useNamed('ref');
  const group = useRead('getGroup', { params: { ref } });
  const mayPolicy = useMe().permissions.includes('read:policy');
  const reach = useList('getStandingOfGroup', { params: { ref }, query: { limit: 200 } }, mayPolicy);
  const [asking, ask] = useState<'rename' | 'delete' | 'add'>();
  useTitle(group.data?.value.name ?? texts.one);
  const close = () => ask(undefined);
  return (
    <Await query={group} rows={8}>
      {({ value, etag }) => {
        const isLocal = value.source === 'local';
        const why = isLocal ? undefined : personTexts.ownedBy(toSource(value.source));
        return (
          <>
            <PageHead
              title={value.name}
              lead={
                <>
                  {texts.kinds[value.kind]} <code>{value.id}</code> <span aria-hidden="true">·</span>{' '}
                  {toSource(value.source)} <span aria-hidden="true">·</span> {texts.count(value.people)}
                </>
              }
            >
              <MayButton permission="write:groups" disabled={!isLocal} title={why} onClick={() => ask('rename')}>
                {texts.rename}
              </MayButton>
              <MayButton
                kind="danger"
                permission="write:groups"
                disabled={!isLocal}
                title={why}
                onClick={() => ask('delete')}
              >
                {texts.delete}
              </MayButton>
            </PageHead>
            <Waiting group={value} />
            <div className="columns">
              <Section
                title={texts.members[value.kind]}
                remark={why}
                action={
                  isLocal && (
                    <MayButton small permission="write:groups" onClick={() => ask('add')}>
                      {texts.addPeople}
                    </MayButton>
                  )
                }
              >
                <Members group={value} />
              </Section>
              <Section title={texts.given} remark={personTexts.reachRemark}>
                {mayPolicy ? <GroupReach list={reach} /> : <p className="quiet">{personTexts.reachHidden}</p>}
              </Section>
            </div>
            {asking === 'rename' && <Rename group={value} etag={etag ?? ''} onClose={close} />}
            {asking === 'delete' && <Delete group={value} etag={etag ?? ''} onClose={close} />}
            {asking === 'add' && <AddPeople group={value} onClose={close} />}
          </>
        );
      }}
    </Await>
  );
}

interface Changing {
  readonly group: Group;
  readonly etag: string;
  readonly onClose: () => void;
}

function Rename({ group, etag, onClose }: Changing) {
  const [version] = useState(etag);
  const [name, setName] = useState(group.name);
  const rename = useChange('renameGroup', ['getGroup', 'listGroups']);
  const submit = async () => {
    await rename.mutateAsync({ params: { ref: group.ref }, body: { name: name.trim() }, ifMatch: version });
    onClose();
  };
  return (
    <Dialog title={texts.renameTitle} onClose={onClose}>
      <Form
        action={peopleTexts.save}
        isBusy={rename.isPending}
        error={rename.error}
        onClose={onClose}
        onSubmit={submit}
      >
        <Field
          label={peopleTexts.name}
          required
          maxLength={200}
          autoComplete="off"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </Form>
    </Dialog>
  );
}

/** From this many people on, the id has to be typed. */
const manyPeople = 50;

function Delete({ group, etag, onClose }: Changing) {
  const [version] = useState(etag);
  const remove = useChange('deleteGroup', ['listGroups', 'listPeople', 'getPerson']);
  const navigate = useNavigate();
  const run = async () => {
    if (remove.isPending) return;
    await remove.mutateAsync({ params: { ref: group.ref }, ifMatch: version });
    void navigate({ to: '/people', search: { tab: `${group.kind}s` } as never });
  };
  return (
    <Confirm
      consequence={texts.deleteTitle(group.name, group.people)}
      action={texts.deleteDo(group.people)}
      typed={group.people > manyPeople ? group.id : undefined}
      onClose={onClose}
      onDo={() => void run().catch(() => undefined)}
    >
      <p>{texts.deleteLead}</p>
      {remove.error !== null && <ErrorNote error={remove.error} />}
    </Confirm>
  );
}
