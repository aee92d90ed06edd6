import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useChange } from '../../data/api.ts';
import { Button } from '../../parts/button.tsx';
import { Field } from '../../parts/field.tsx';
import { places } from '../../parts/name.tsx';
import { Dialog } from '../../parts/overlay.tsx';
import { ErrorNote } from '../../parts/states.tsx';
import { peopleTexts as texts } from '../../texts/people.ts';
import style from './people.module.css';

/** Somebody new in the local directory. */
export function AddPerson({ onClose }: { readonly onClose: () => void }) {
  const [email, setEmail] = useState('');
  const [name, setName] = useState('');
  const add = useChange('createPerson', ['listPeople']);
  const navigate = useNavigate();
  const submit = async () => {
    const { value } = await add.mutateAsync({ body: { email: email.trim(), name: name.trim() } });
    void navigate({ to: places.person(value.id) });
  };
  return (
    <Dialog title={texts.addTitle} onClose={onClose}>
      <p className="quiet">{texts.addLead}</p>
      <Form action={texts.addDo} isBusy={add.isPending} error={add.error} onClose={onClose} onSubmit={submit}>
        <Field
          label={texts.email}
          type="email"
          required
          maxLength={254}
          autoComplete="off"
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
        <Field
          label={texts.name}
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

/** A local group or role with nobody in it. */
export function AddGroup({ kind, onClose }: { readonly kind: 'group' | 'role'; readonly onClose: () => void }) {
  const [id, setId] = useState('');
  const [name, setName] = useState('');
  const add = useChange('createGroup', ['listGroups']);
  const navigate = useNavigate();
  const submit = async () => {
    const called = name.trim();
    const { value } = await add.mutateAsync({ body: { kind, id: id.trim(), ...(called !== '' && { name: called }) } });
    void navigate({ to: places.group(value.ref) });
  };
  return (
    <Dialog title={texts.groupTitle[kind]} onClose={onClose}>
      <p className="quiet">{texts.groupLead}</p>
      <Form action={texts.groupDo[kind]} isBusy={add.isPending} error={add.error} onClose={onClose} onSubmit={submit}>
        <Field
          label={texts.groupId}
          hint={texts.groupIdHint}
          required
          maxLength={200}
          autoComplete="off"
          value={id}
          onChange={(event) => setId(event.target.value)}
        />
        <Field
          label={texts.groupName}
          hint={texts.groupNameHint}
          maxLength={200}
          autoComplete="off"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </Form>
    </Dialog>
  );
}

/** Some fields, what went wrong, and the two buttons under them. */
export function Form({
  action,
  isBusy,
  error,
  onClose,
  onSubmit,
  isReady = true,
  children,
}: {
  readonly action: string;
  readonly isBusy: boolean;
  readonly error: unknown;
  readonly onClose: () => void;
  readonly onSubmit: () => Promise<unknown>;
  readonly isReady?: boolean;
  readonly children: React.ReactNode;
}) {
  return (
    <form
      className={style.form}
      onSubmit={(event) => {
        event.preventDefault();
        // What went wrong is in `error`, and shown.
        if (isReady && !isBusy) onSubmit().catch(() => undefined);
      }}
    >
      {children}
      {error !== null && error !== undefined && <ErrorNote error={error} />}
      <div className={style.buttons}>
        <Button onClick={onClose}>{texts.cancel}</Button>
        <Button type="submit" kind="first" disabled={!isReady || isBusy}>
          {action}
        </Button>
      </div>
    </form>
  );
}
