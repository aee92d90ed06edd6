import { useState } from 'react';
import { useChange } from '../../data/api.ts';
import type { Answer } from '../../data/problem.ts';
import { Field } from '../../parts/field.tsx';
import { Dialog } from '../../parts/overlay.tsx';
import { peopleTexts, personTexts as texts } from '../../texts/people.ts';
import { Form } from './add.tsx';

/** Name and address of somebody of the local directory, in the version that was read when the dialog opened. */
export function EditPerson({
  person,
  etag,
  onClose,
}: {
  readonly person: Answer<'getPerson'>;
  readonly etag: string | undefined;
  readonly onClose: () => void;
}) {
  const [version] = useState(etag ?? '');
  const [email, setEmail] = useState(person.email);
  const [name, setName] = useState(person.name);
  const change = useChange('changePerson', ['getPerson', 'listPeople']);
  const submit = async () => {
    // Only what was changed: a name is shown with a box for each sign that cannot be seen, and must not be saved like that.
    const body = {
      ...(email !== person.email && { email: email.trim() }),
      ...(name !== person.name && { name: name.trim() }),
    };
    await change.mutateAsync({ params: { id: person.id }, body, ifMatch: version });
    onClose();
  };
  return (
    <Dialog title={texts.editTitle} onClose={onClose}>
      <Form
        action={peopleTexts.save}
        isBusy={change.isPending}
        error={change.error}
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
        <Field
          label={peopleTexts.email}
          type="email"
          required
          maxLength={254}
          autoComplete="off"
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
      </Form>
    </Dialog>
  );
}
