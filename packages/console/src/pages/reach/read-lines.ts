/** A table as it came, and how many lines it has below its head. */
export interface Lines {
  readonly text: string;
  readonly lines: number;
}

/** Reads a table to its end; `undefined` where it breaks off. A character may come in two parts. */
export async function readLines(
  stream: ReadableStream<Uint8Array>,
  onLines: (lines: number) => void,
): Promise<Lines | undefined> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let ends = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const text = decoder.decode(value, { stream: true });
      parts.push(text);
      ends += text.split('\n').length - 1;
      onLines(Math.max(0, ends - 1));
    }
  } catch {
    return undefined;
  }
  return { text: parts.join('') + decoder.decode(), lines: Math.max(0, ends - 1) };
}
