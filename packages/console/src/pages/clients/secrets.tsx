import { useState } from 'react';
import { useChange } from '../../data/api.ts';
import type { Answer } from '../../data/problem.ts';
import { Button } from '../../parts/button.tsx';
import { Copyable } from '../../parts/copy.tsx';
import { MayButton } from '../../parts/may.tsx';
import { tell } from '../../parts/notes.tsx';
import { Confirm, Dialog } from '../../parts/overlay.tsx';
import { Section } from '../../parts/section.tsx';
import { ErrorNote } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Time } from '../../parts/time.tsx';
import { toExact } from '../../parts/time-words.ts';
import { clientTexts as texts } from '../../texts/clients.ts';

type Client = Answer<'getClient'>;
type Secret = Client['secrets'][number];

/** Secrets of a client, by their fingerprints: to make, which shows it this once, and to remove. */
export function Secrets({ client: { id, side, proof, secrets } }: { readonly client: Client }) {
  const make = useChange('createSecret', ['getClient', 'listClients']);
  const remove = useChange('removeSecret', ['getClient', 'listClients']);
  const [going, setGoing] = useState<string>();
  if (proof !== 'secret') return null;
  const columns: readonly Column<Secret>[] = [
    {
      title: texts.fingerprint,
      stays: true,
      cell: ({ fingerprint }) => <code>{fingerprint}</code>,
      text: ({ fingerprint }) => fingerprint,
    },
    {
      title: texts.made,
      cell: ({ createdAt }) => <Time ms={createdAt * 1000} />,
      text: ({ createdAt }) => toExact(createdAt * 1000),
    },
    {
      title: texts.remove,
      stays: true,
      cell: ({ fingerprint }) => (
        <MayButton
          small
          permission="write:credentials"
          aria-label={`${texts.remove} ${fingerprint}`}
          onClick={() => setGoing(fingerprint)}
        >
          {texts.remove}
        </MayButton>
      ),
      text: () => '',
    },
  ];
  return (
    <Section
      title={texts.secretsTitle}
      action={
        <MayButton
          small
          permission="write:credentials"
          disabled={make.isPending}
          onClick={() => make.mutate({ params: { side, id } })}
        >
          {texts.make}
        </MayButton>
      }
    >
      {secrets.length === 0 ? (
        <p className="quiet">{texts.noSecrets}</p>
      ) : (
        <Table label={texts.secretsTitle} columns={columns} rows={secrets} rowKey={({ fingerprint }) => fingerprint} />
      )}
      {make.error && <ErrorNote error={make.error} />}
      {remove.error && <ErrorNote error={remove.error} />}
      {make.data && (
        <Dialog title={texts.shownOnce} onClose={make.reset}>
          <p className="quiet">{texts.shownWords}</p>
          <Copyable label={id} text={make.data.value.secret} copy={texts.copy} copied={texts.copied} />
          <Button kind="first" onClick={make.reset}>
            {texts.close}
          </Button>
        </Dialog>
      )}
      {going !== undefined && (
        <Confirm
          consequence={texts.removeTitle(going)}
          action={texts.removeAction}
          onClose={() => setGoing(undefined)}
          onDo={() => {
            setGoing(undefined);
            remove.mutate({ params: { side, id, fingerprint: going } }, { onSuccess: () => tell(texts.removed) });
          }}
        />
      )}
    </Section>
  );
}
