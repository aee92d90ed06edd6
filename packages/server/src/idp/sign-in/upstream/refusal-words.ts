import type { Refusal } from '@credence/mcp/protocol';

/** What a person is told, by what was wrong. The exact reason is on the record, under the reference. */
export interface RefusalWords {
  readonly status: number;
  readonly state: string;
  readonly title: string;
  readonly lead: string;
}

/** @param label - what people call the upstream */
export function toWords(reason: Refusal, label: string, organisation: string): RefusalWords {
  const tellAdministrator = `Show the reference below to an administrator of ${organisation}.`;
  const refused = { status: 403, state: 'Not signed in' };
  switch (reason) {
    case 'upstream_unreachable':
      return {
        status: 503,
        state: 'Not working',
        title: `${label} does not answer.`,
        lead: `That is not your fault, and nothing happened. Try again in a few minutes. If it stays like this, an administrator of ${organisation} finds the reason under the reference below.`,
      };
    case 'upstream_client_refused':
    case 'upstream_code_refused':
    case 'upstream_answer_invalid':
      return {
        status: 502,
        state: 'Not working',
        title: `${label} and this server do not understand each other.`,
        lead: `You cannot mend it. ${tellAdministrator}`,
      };
    case 'upstream_answer_unexpected':
    case 'upstream_answer_repeated':
    case 'upstream_other_browser':
      return {
        status: 400,
        state: 'Expired',
        title: 'This sign-in is no longer good.',
        lead: 'It was open too long, it was finished before, or it began in another browser. Nothing happened. Go back to your agent and start signing in again.',
      };
    case 'upstream_refused':
      return {
        ...refused,
        title: `${label} did not sign you in.`,
        lead: `Perhaps you cancelled there, or you are not assigned to this application. In that case ask whoever looks after ${label}.`,
      };
    case 'upstream_groups_left_out':
    case 'upstream_too_many_groups':
      return {
        ...refused,
        title: `${label} did not send all your groups.`,
        lead: `You are in more groups than it sends, and with a part of them decisions would be wrong. For the administrator: let ${label} send only the groups assigned to this application. ${tellAdministrator}`,
      };
    case 'upstream_email_taken':
      return {
        ...refused,
        title: 'Somebody else has your e-mail address here.',
        lead: `An address alone does not prove that it is you. ${tellAdministrator} If the record is yours, they can link it.`,
      };
    case 'upstream_email_unverified':
      return {
        ...refused,
        title: `${label} has not verified your e-mail address.`,
        lead: `Verify it there, then try again. ${tellAdministrator}`,
      };
    case 'upstream_not_fresh':
    case 'upstream_too_weak':
      return {
        ...refused,
        title: `${label} did not ask you to prove yourself ${reason === 'upstream_not_fresh' ? 'again' : 'strongly enough'}.`,
        lead: `What your agent wants to do needs that, so you were not signed in. ${tellAdministrator}`,
      };
    case 'person_inactive':
    case 'upstream_person_unknown':
      return {
        ...refused,
        title: `You have no access at ${organisation} yet.`,
        lead: `${label} knows you; this server does not let you in. ${tellAdministrator}`,
      };
    default:
      return {
        ...refused,
        title: `What ${label} says of you does not make a person here.`,
        lead: `Something is missing, or is not as it has to be. ${tellAdministrator}`,
      };
  }
}
