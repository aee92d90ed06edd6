/** A line that is longer than this is none of an export. */
const mostCharacters = 4 * 1024 * 1024;

/** The lines of a text as its bytes come. One that is no UTF-8 ends it with an error. */
export async function* linesOf(bytes: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = bytes.getReader();
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const parts = (rest + decoder.decode(value, { stream: !done })).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) if (part !== '') yield part;
      if (rest.length > mostCharacters) throw new Error('a line without an end');
      if (!done) continue;
      if (rest !== '') yield rest;
      return;
    }
  } finally {
    // Whoever stops in the middle wants no more of it.
    await reader.cancel().catch(() => undefined);
  }
}
