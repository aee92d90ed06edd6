import { useState } from 'react';
import { useChange, useList, useRead } from '../../data/api.ts';
import { useMe } from '../../data/me.ts';
import type { Answer } from '../../data/problem.ts';
import { MayButton } from '../../parts/may.tsx';
import { Name, places } from '../../parts/name.tsx';
import { Confirm } from '../../parts/overlay.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, ErrorNote, Loading } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Time } from '../../parts/time.tsx';
import { settingsTexts, tokenTexts as texts } from '../../texts/settings.ts';
import { MakeToken } from './make-token.tsx';

type Token = Answer<'listTokens'>['items'][number];

/** Tokens of programs: own ones, for owners everybody's. */
export function Tokens() {
  const tokens = useList('listTokens', { query: {} });
  const [isMaking, make] = useState(false);
  const [ending, end] = useState<Token>();
  const revoke = useChange('revokeToken', ['listTokens']);
  return (
    <Section
      title={settingsTexts.parts.tokens}
      remark={texts.lead}
      action={
        <MayButton small permission="write:tokens" onClick={() => make(true)}>
          {texts.make}
        </MayButton>
      }
    >
      {revoke.error !== null && <ErrorNote error={revoke.error} />}
      {tokens.error && <ErrorNote error={tokens.error} onRetry={() => void tokens.refetch()} />}
      {!tokens.data && !tokens.error && <Loading />}
      {tokens.data && tokens.items.length === 0 && <Empty title={texts.none} />}
      {tokens.items.length > 0 && (
        <Table
          label={settingsTexts.parts.tokens}
          columns={columnsFor(end)}
          rows={tokens.items}
          rowKey={({ id }) => id}
          more={tokens}
          exportName="api-tokens"
        />
      )}
      {isMaking && <MakeToken onClose={() => make(false)} />}
      {ending && (
        <Confirm
          consequence={texts.revokeTitle(ending.name)}
          action={texts.revokeDo}
          onClose={() => end(undefined)}
          onDo={() => {
            end(undefined);
            revoke.mutate({ params: { id: ending.id } });
          }}
        >
          {texts.revokeLead}
        </Confirm>
      )}
    </Section>
  );
}

function columnsFor(end: (token: Token) => void): readonly Column<Token>[] {
  return [
    { title: settingsTexts.name, stays: true, cell: ({ name }) => name, text: ({ name }) => name },
    {
      title: texts.scopes,
      cell: ({ scopes }) => <code>{scopes.join(' ')}</code>,
      text: ({ scopes }) => scopes.join(' '),
    },
    {
      title: texts.of,
      cell: ({ administrator }) => <Owner id={administrator} />,
      text: ({ administrator }) => administrator,
    },
    {
      title: settingsTexts.made,
      cell: ({ createdAt }) => <Time ms={createdAt * 1000} />,
      text: ({ createdAt }) => iso(createdAt),
    },
    {
      title: settingsTexts.until,
      cell: ({ expiresAt }) => <Time ms={expiresAt * 1000} />,
      text: ({ expiresAt }) => iso(expiresAt),
    },
    {
      title: settingsTexts.lastUsed,
      cell: ({ lastUsedAt }) => (lastUsedAt === null ? settingsTexts.never : <Time ms={lastUsedAt * 1000} />),
      text: ({ lastUsedAt }) => (lastUsedAt === null ? '' : iso(lastUsedAt)),
    },
    {
      title: settingsTexts.act,
      stays: true,
      number: true,
      cell: (token) => (
        <MayButton small permission="write:tokens" onClick={() => end(token)}>
          {settingsTexts.revoke}
        </MayButton>
      ),
      text: () => '',
    },
  ];
}

function Owner({ id }: { readonly id: string }) {
  const isMine = useMe().id === id;
  const person = useRead('getPerson', { params: { id } }, { enabled: !isMine });
  return isMine ? texts.mine : <Name to={places.person(id)}>{person.data?.value.name ?? id}</Name>;
}

function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
