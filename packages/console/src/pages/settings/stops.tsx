import { useState } from 'react';
import { useChange, useRead } from '../../data/api.ts';
import type { Answer } from '../../data/problem.ts';
import { Field } from '../../parts/field.tsx';
import { OutcomeMark } from '../../parts/marks.tsx';
import { MayButton } from '../../parts/may.tsx';
import { tell } from '../../parts/notes.tsx';
import { Dialog } from '../../parts/overlay.tsx';
import { Section, Verdict } from '../../parts/section.tsx';
import { Await } from '../../parts/states.tsx';
import { StopDialog } from '../../parts/stop-dialog.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Time } from '../../parts/time.tsx';
import { settingsTexts, switchTexts as texts } from '../../texts/settings.ts';
import { Form } from '../people/add.tsx';

type Stop = Answer<'listStops'>['items'][number];

/** What is stopped, and the switch for everything. */
export function Stops() {
  const stops = useRead('listStops', { query: {} });
  const [isStopping, stop] = useState(false);
  const [starting, start] = useState<string>();
  return (
    <Section
      title={settingsTexts.parts.stops}
      action={
        <MayButton small kind="danger" permission="stop" onClick={() => stop(true)}>
          {texts.everything}
        </MayButton>
      }
    >
      <Await query={stops}>
        {({ value: { items } }) => (
          <>
            <Verdict>{texts.verdict(items.length)}</Verdict>
            {items.length > 0 && (
              <Table
                label={settingsTexts.parts.stops}
                columns={columnsFor(start)}
                rows={items}
                rowKey={({ id }) => id}
                exportName="stops"
              />
            )}
          </>
        )}
      </Await>
      {isStopping && (
        <StopDialog
          kind="everything"
          target=""
          name={texts.everythingName}
          touches={['getOverview']}
          onClose={() => stop(false)}
        />
      )}
      {starting !== undefined && <Start id={starting} onClose={() => start(undefined)} />}
    </Section>
  );
}

function Start({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const [reason, setReason] = useState('');
  const resume = useChange('resume', ['listStops', 'getOverview']);
  const submit = async () => {
    await resume.mutateAsync({ params: { id }, body: { reason: reason.trim() } });
    tell(texts.started);
    onClose();
  };
  return (
    <Dialog title={texts.startTitle} onClose={onClose}>
      <p className="quiet">{texts.startLead}</p>
      <Form
        action={texts.startDo}
        isBusy={resume.isPending}
        isReady={reason.trim() !== ''}
        error={resume.error}
        onClose={onClose}
        onSubmit={submit}
      >
        <Field
          label={texts.reason}
          required
          maxLength={500}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
      </Form>
    </Dialog>
  );
}

function columnsFor(start: (id: string) => void): readonly Column<Stop>[] {
  return [
    {
      title: texts.what,
      stays: true,
      cell: ({ kind }) => <OutcomeMark outcome="stopped">{texts.kinds[kind] ?? kind}</OutcomeMark>,
      text: ({ kind }) => kind,
    },
    { title: texts.target, cell: ({ target }) => <code>{target}</code>, text: ({ target }) => target },
    { title: texts.why, cell: ({ reason }) => reason, text: ({ reason }) => reason },
    { title: texts.by, cell: ({ by }) => <code>{by}</code>, text: ({ by }) => by },
    {
      title: settingsTexts.since,
      cell: ({ at }) => <Time ms={at * 1000} />,
      text: ({ at }) => new Date(at * 1000).toISOString(),
    },
    {
      title: texts.ends,
      cell: ({ endsAt }) => (endsAt === null ? texts.open : <Time ms={endsAt * 1000} />),
      text: ({ endsAt }) => (endsAt === null ? '' : new Date(endsAt * 1000).toISOString()),
    },
    {
      title: settingsTexts.act,
      stays: true,
      number: true,
      cell: ({ id }) => (
        <MayButton small permission="resume" onClick={() => start(id)}>
          {texts.start}
        </MayButton>
      ),
      text: () => '',
    },
  ];
}
