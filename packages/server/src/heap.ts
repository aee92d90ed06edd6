import { setFlagsFromString } from 'node:v8';

/** How V8 collects garbage in a process that serves. For all of the process, and best said before it does anything. */
export function tuneHeap(): void {
  letHeapDouble();
  keepCompiled();
}

/**
 * Lets what lives long double before V8 looks through all of it again. By itself V8 does so after a few megabytes, as long as
 * that takes no more than 3% of the time, by its reckoning, of one thread: under load once or twice a second, on a second thread too.
 * The measure is fixed instead of guessed, so that the heap is also never more than twice of what is wanted in it (ADR 0061).
 */
function letHeapDouble(): void {
  setFlagsFromString('--heap-growing-percent=100');
}

/**
 * Keeps what is compiled over a pause. By itself V8 collects garbage after eight seconds without much to do, to hand back memory; with the
 * last request goes what its code was compiled for, and with that the code: the next thousands of requests run as if the process had
 * just been started (ADR 0069).
 */
function keepCompiled(): void {
  setFlagsFromString('--memory-reducer-gc-count=0');
}
