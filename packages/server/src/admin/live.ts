import { setTimeout as sleep } from 'node:timers/promises';

/** Streams of events to those who administer: each ends with what it stands on, and all of them with the program. */
export interface LiveStreams {
  /**
   * Events of a new stream, as bytes of `text/event-stream`; `undefined` when this person has too many, or there are too many.
   * @param events - pulled as fast as the reader takes them and no faster, so that nothing piles up; has to look at the signal
   */
  open(person: string, events: (signal: AbortSignal) => AsyncGenerator<string>): ReadableStream<Uint8Array> | undefined;
  /** How many there are. */
  count(): number;
  /** Ends all of them. */
  close(): void;
}

const [mostOfOne, mostOfAll] = [5, 100];

export function createLiveStreams(): LiveStreams {
  const open = new Map<AbortController, string>();
  const ofPerson = (person: string) => [...open.values()].filter((each) => each === person).length;
  const encoder = new TextEncoder();
  return {
    open(person, events) {
      if (open.size >= mostOfAll || ofPerson(person) >= mostOfOne) return undefined;
      const ending = new AbortController();
      open.set(ending, person);
      const source = events(ending.signal);
      const end = () => {
        open.delete(ending);
        ending.abort();
      };
      return new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            try {
              const { done, value } = await source.next();
              if (!done) return controller.enqueue(encoder.encode(value));
              end();
              controller.close();
            } catch (fault) {
              end();
              controller.error(fault);
            }
          },
          cancel: end,
        },
        { highWaterMark: 0 },
      );
    },
    count: () => open.size,
    close() {
      for (const ending of [...open.keys()]) ending.abort();
    },
  };
}

/** One event. @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation */
export function toEvent(name: string, data: object, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** A line that keeps the way open and means nothing. */
export const heartbeat = ':\n\n';

/** Resolves after a while, or as soon as the stream is to end. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
