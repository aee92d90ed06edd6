import type { EpochSeconds } from '@credence/mcp/protocol';
import type { AccessRequest } from '../../../store/requests.ts';

/**
 * What became of a request, for whoever asked; and until when what was given lasts.
 * @param isGiven - whether the policy in force gives it, where that was looked at: it may have been taken back, whatever was answered
 */
export function answerWords(
  { answer }: AccessRequest,
  organisation: string,
  now: EpochSeconds,
  isGiven?: boolean,
): string {
  const { state, until } = answer;
  if (state === 'declined') return `${organisation} does not give it.`;
  if (state !== 'approved') return 'Nobody has answered yet.';
  if (isGiven === false)
    return 'It was given, and is not any more. When your agent is refused again, you can ask again.';
  const day = until === undefined ? undefined : new Date((until - 1) * 1000).toISOString().slice(0, 10);
  const given = isGiven ? 'You have it' : 'It was given';
  if (day === undefined || until === undefined) return `${given}.`;
  return until > now ? `${given} until ${day}.` : `It was given until ${day}.`;
}
