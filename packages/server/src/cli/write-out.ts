/**
 * Writes to standard output, and resolves when whoever reads it has room for more: what is asked for may be more than fits into
 * memory. Resolves to false when nobody reads any more (`| head`).
 */
export function writeOut(text: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error: NodeJS.ErrnoException | null | undefined) => {
      if (!error) resolve(true);
      else if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') resolve(false);
      else reject(error);
    });
  });
}
