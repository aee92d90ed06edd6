/** One server-sent event, as far as MCP uses them. @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream */
export interface SseEvent {
  readonly data: string;
  readonly event?: string | undefined;
  readonly id?: string | undefined;
  readonly retry?: string | undefined;
}

/** An event or answer larger than this is not passed on: an upstream does not get to fill our memory. */
export const maxEventLength = 16 * 1024 * 1024;

/** The upstream's bytes stopped, are no text, or are too many: its doing, not ours. */
export class UpstreamBroke extends Error {
  override readonly name = 'UpstreamBroke';
}

/** Reads a whole body as text; throws {@link UpstreamBroke}. */
export async function readText(source: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const piece of decode(source)) {
    text += piece;
    if (text.length > maxEventLength) throw new UpstreamBroke('the answer is too large');
  }
  return text;
}

/**
 * Cuts a stream of bytes into events, each handed on as soon as it is complete; throws {@link UpstreamBroke}. Comments
 * (keep-alives) come as events without data.
 */
export async function* readEvents(source: AsyncIterable<Uint8Array>): AsyncGenerator<SseEvent> {
  const lines: string[] = []; // of the event so far
  const unfinished: string[] = []; // pieces of its last line: joined once, so that tiny pieces cost no more than large ones
  let length = 0;
  let afterReturn = false;
  for await (const piece of decode(source)) {
    if (piece === '') continue;
    const [first = '', ...more] = (afterReturn && piece.startsWith('\n') ? piece.slice(1) : piece).split(/\r\n|\n|\r/);
    afterReturn = piece.endsWith('\r');
    unfinished.push(first);
    length += piece.length;
    for (const part of more) {
      const line = unfinished.splice(0).join('');
      unfinished.push(part);
      if (line !== '') lines.push(line);
      else {
        if (lines.length > 0) yield parseEvent(lines.splice(0));
        length = part.length;
      }
    }
    if (length > maxEventLength) throw new UpstreamBroke('an event is too large');
  }
}

async function* decode(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const chunk of source) yield decoder.decode(chunk, { stream: true });
    yield decoder.decode();
  } catch (cause) {
    throw new UpstreamBroke('the answer broke off', { cause });
  }
}

/**
 * Some clients cut lines at more than the standard does, at U+2028 and vertical tabs say: to them what follows such a character in
 * the name or id of an event would be a line of its own, with a message in it that was never judged.
 */
const isPlain = /^[^\p{Cc}\u2028\u2029]*$/u;

function parseEvent(lines: readonly string[]): SseEvent {
  const data: string[] = [];
  const fields: { event?: string; id?: string; retry?: string } = {};
  for (const line of lines) {
    const [, name, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === 'data') data.push(value);
    else if ((name === 'event' || name === 'id') && isPlain.test(value)) fields[name] = value;
    else if (name === 'retry' && /^\d+$/.test(value)) fields[name] = value;
  }
  return { ...fields, data: data.join('\n') };
}

/** Of those characters a JSON text can have these three in the open, and spells them otherwise as well. */
const lineEnds = /[\u0085\u2028\u2029]/g;

/** An event as it is sent; `data` is a JSON text, or empty. */
export function formatEvent({ data, event, id, retry }: SseEvent): string {
  const lines = [
    ...(event !== undefined ? [`event: ${event}`] : []),
    ...(id !== undefined ? [`id: ${id}`] : []),
    ...(retry !== undefined ? [`retry: ${retry}`] : []),
    ...data.split('\n').map((line) => `data: ${line.replace(lineEnds, toEscape)}`),
  ];
  return `${lines.join('\n')}\n\n`;
}

function toEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A comment: keeps the connection alive and means nothing. */
export const keepAlive = ':\n\n';
