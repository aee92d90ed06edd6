/** So long the page may be held up. */
const sliceMs = 12;

/** Returns a function that lets everybody else have a turn, if it is time; cheap when it is not. */
export function createBreath(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < sliceMs) return;
    // Not a timer: in a page that nobody looks at those come once a second.
    await new Promise<void>((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(undefined);
    });
    since = performance.now();
  };
}
