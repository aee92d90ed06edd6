import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useChange, useRead } from '../../data/api.ts';
import { useMe } from '../../data/me.ts';
import type { Answer, OperationId } from '../../data/problem.ts';
import { Button } from '../../parts/button.tsx';
import { Area, Field } from '../../parts/field.tsx';
import { OutcomeMark } from '../../parts/marks.tsx';
import { MayButton } from '../../parts/may.tsx';
import { Name, places } from '../../parts/name.tsx';
import { useNamed } from '../../parts/named.ts';
import { tell } from '../../parts/notes.tsx';
import { PersonName } from '../../parts/person-name.tsx';
import { PageHead, Section, Verdict } from '../../parts/section.tsx';
import { Await, ErrorNote } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { useTitle } from '../../shell/shell.tsx';
import { requestTexts as texts } from '../../texts/requests.ts';
import { toLine } from '../decisions/line.ts';
import { Why } from '../decisions/why.tsx';
import { toAsked } from '../decisions/why-rows.ts';
import { dayRange, lastDay } from './last-day.ts';
import { marks } from './marks.ts';
import style from './requests.module.css';

type Request = Answer<'getRequest'>;

const touches: readonly OperationId[] = ['getRequest', 'listRequests', 'listDrafts'];

/** One request: who, what for, the smallest change that gives it, and the answer. */
export function Page() {
  const id = useNamed('id');
  const request = useRead('getRequest', { params: { id } });
  return <Await query={request}>{({ value }) => <Opened key={value.id} request={value} />}</Await>;
}

function Opened({ request }: { readonly request: Request }) {
  const { person, server, client, words, wanted, askedAt, decision, state } = request;
  const title = texts.asksTitle(person.name ?? texts.gonePerson, server.name, client.name);
  useTitle(title);
  return (
    <>
      <p>
        <OutcomeMark outcome={marks[state]}>{texts.marks[state]}</OutcomeMark>
      </p>
      <PageHead
        says
        title={title}
        lead={
          <>
            {texts.asked} <Time ms={askedAt * 1000} />, {texts.wanted[wanted]}.
          </>
        }
      />
      <div className="columns">
        <div className="stack">
          <Section title={texts.saysWhy} action={<Name to={places.decision(decision)}>{texts.decision}</Name>}>
            <Verdict size="middle">“{words}”</Verdict>
            <p className={`quiet ${style.who}`}>
              <PersonName id={person.id} />
              {person.email !== null && `, ${person.email}`}
            </p>
          </Section>
          <Story request={request} />
        </div>
        <div className="stack">
          <Answering request={request} />
        </div>
      </div>
    </>
  );
}

/** Why it was refused then, rule by rule: for those who may read the record. */
function Story({ request: { decision, now, person, client, server } }: { readonly request: Request }) {
  const { permissions } = useMe();
  const enabled = permissions.includes('read:audit') && now !== 'gone';
  const { data } = useRead('explainRecord', { params: { id: decision } }, { enabled });
  if (!data?.value.decided) return null;
  const { record, decided, names } = data.value;
  const called = { person: person.name ?? undefined, client: client.name };
  return <Why decided={decided} asked={toAsked(toLine(record), names, called)} server={server.name} />;
}

function Answering({ request }: { readonly request: Request }) {
  const { state, draft, own, now, barredBy } = request;
  if (state === 'approved' || state === 'declined') return <Answered request={request} />;
  if (state === 'drafted' && draft !== null) {
    return (
      <Section title={texts.answer}>
        <Verdict size="small">{texts.inDraft}</Verdict>
        <p className={style.who}>
          <Name to={places.draft(draft)}>{texts.toDraft}</Name>
        </p>
      </Section>
    );
  }
  if (own) {
    return (
      <Section title={texts.answer}>
        <Verdict size="small">{texts.own}</Verdict>
      </Section>
    );
  }
  if (now === 'missing') return <SmallestChange request={request} />;
  const [says, lead] = {
    allowed: [texts.allowed, undefined],
    barred: [texts.barred, texts.barredLead(barredBy ?? '')],
    gone: [texts.gone, texts.goneLead],
  }[now];
  return (
    <Section title={texts.answer}>
      <Verdict size="small">{says}</Verdict>
      {lead !== undefined && <p className="quiet prose">{lead}</p>}
      <AnswerForm request={request} until={undefined} />
    </Section>
  );
}

/** The rule that would be made, in words, and as it would stand in the draft. */
function SmallestChange({ request }: { readonly request: Request }) {
  const { person, server, client, wanted, smallest } = request;
  const [nowMs] = useState(Date.now);
  const [until, setUntil] = useState(() => lastDay(wanted, nowMs));
  const { min, max } = dayRange(nowMs);
  return (
    <Section title={texts.change} remark={texts.changeRemark}>
      <Verdict size="small">
        <b>{person.name ?? texts.gonePerson}</b>
        {texts.gains}
        {texts.on((smallest?.allow ?? []).join(', '), server.name, client.name)}
        <b className="nowrap">{until}</b>.
      </Verdict>
      <p className={`remark ${style.who}`}>{texts.other}</p>
      <div className={style.form}>
        <Field
          type="date"
          label={texts.until}
          hint={texts.untilHint}
          value={until}
          min={min}
          max={max}
          required
          onChange={(event) => setUntil(event.target.value)}
        />
      </div>
      <AnswerForm request={request} until={until} />
    </Section>
  );
}

/** A word to whoever asked, and the two answers. Declining without a word is not done to anybody. */
function AnswerForm({
  request: { id, now },
  until,
}: {
  readonly request: Request;
  readonly until: string | undefined;
}) {
  const navigate = useNavigate();
  const [word, setWord] = useState('');
  const [isDeclining, setDeclining] = useState(false);
  const [isMissing, setMissing] = useState(false);
  const approve = useChange('approveRequest', touches);
  const decline = useChange('declineRequest', touches);
  const said = word.trim();
  const canApprove = now === 'missing' || now === 'allowed';
  // Once it is answered the form is gone, and with it whatever waits for its end: so the answer itself is waited for.
  const yes = async () => {
    // Allowed by now, nothing gets an end.
    const body = { until: until || lastDay('work', Date.now()), ...(said !== '' && { word: said }) };
    const told = await approve.mutateAsync({ params: { id }, body }).catch(() => undefined);
    if (!told) return;
    const { draft } = told.value;
    tell(draft === null ? texts.told : texts.drafted);
    if (draft !== null) await navigate({ to: places.draft(draft) });
  };
  const no = async () => {
    setMissing(said === '');
    if (said === '') return;
    const told = await decline.mutateAsync({ params: { id }, body: { word: said } }).catch(() => undefined);
    if (told) tell(texts.declined);
  };
  const error = approve.error ?? decline.error;
  return (
    <div className={style.form}>
      <Area
        label={texts.word}
        hint={texts.wordHint}
        problem={isDeclining && isMissing ? texts.wordNeeded : undefined}
        maxLength={500}
        value={word}
        onChange={(event) => setWord(event.target.value)}
      />
      <div className="row">
        {canApprove && !isDeclining && (
          <MayButton
            kind="first"
            permission="answer:requests"
            disabled={approve.isPending || until === ''}
            onClick={() => void yes()}
          >
            {now === 'allowed' ? texts.approveAllowed : texts.approve}
          </MayButton>
        )}
        {isDeclining && <Button onClick={() => setDeclining(false)}>{texts.keep}</Button>}
        <MayButton
          kind={isDeclining ? 'danger' : 'plain'}
          permission="answer:requests"
          disabled={decline.isPending}
          onClick={isDeclining ? () => void no() : () => setDeclining(true)}
        >
          {isDeclining ? texts.declineNow : texts.decline}
        </MayButton>
      </div>
      {error && <ErrorNote error={error} />}
    </div>
  );
}

function Answered({ request: { state, until, word, answeredAt, answeredBy } }: { readonly request: Request }) {
  return (
    <Section title={texts.answer}>
      <Verdict size="small">
        {state === 'declined' && texts.declinedBy}
        {state === 'approved' && until === null && texts.approvedOpen}
        {state === 'approved' && until !== null && (
          <>
            {texts.approvedUntil}
            <b className="nowrap">{new Date((until - 1) * 1000).toISOString().slice(0, 10)}</b>.
          </>
        )}
      </Verdict>
      {word !== null && <p className="prose">“{word}”</p>}
      {answeredAt !== null && (
        <p className={`quiet ${style.who}`}>
          <Time ms={answeredAt * 1000} />
          {answeredBy !== null && (
            <>
              , {texts.by} <PersonName id={answeredBy} />
            </>
          )}
        </p>
      )}
    </Section>
  );
}
