import type { EpochSeconds } from '@credence/mcp/protocol';
import type { AccessRequest } from '../../../store/requests.ts';

/** What became of a request, for whoever asked; and until when what was given lasts. */
export function answerWords({ answer }: AccessRequest, organisation: string, now: EpochSeconds): string {
  const { state, until } = answer;
  if (state === 'declined') return `${organisation} does not give it.`;
  if (state !== 'approved') return 'Nobody has answered yet.';
  if (until === undefined) return 'You have it.';
  const day = new Date((until - 1) * 1000).toISOString().slice(0, 10);
  return until > now ? `You have it until ${day}.` : `You had it until ${day}.`;
}
