import type { ServerResponse } from 'node:http';
import type { Caller } from '@credence/mcp/resource';
import type { Answer } from './answer.ts';

const checkEveryMs = 250;

/**
 * Ends what is under way when the client goes, and a stream when its token ends or is revoked (MCS-14), or its server is taken
 * out of the document. A call that waits for
 * its answer gets it: what it did is done.
 */
export function endWith(
  outgoing: ServerResponse,
  answer: Answer,
  caller: Caller,
  options: {
    readonly nowMs: () => number;
    readonly isRevoked: (token: Caller) => Promise<boolean>;
    readonly isServed: () => boolean;
    readonly onFault: (fault: unknown) => void;
  },
): { readonly signal: AbortSignal; readonly done: () => void } {
  const controller = new AbortController();
  const abort = () => controller.abort();
  outgoing.once('close', abort);

  const hasEnded = async () =>
    options.nowMs() >= caller.expiresAt * 1000 || !options.isServed() || (await options.isRevoked(caller));
  const timer = setInterval(async () => {
    try {
      if (await hasEnded()) answer.endStream();
    } catch (fault) {
      options.onFault(fault);
      answer.endStream(); // nobody can say that it still holds
    }
  }, checkEveryMs).unref();
  return {
    signal: controller.signal,
    done() {
      clearInterval(timer);
      outgoing.off('close', abort);
    },
  };
}
