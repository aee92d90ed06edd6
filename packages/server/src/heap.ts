import { setFlagsFromString } from 'node:v8';

/**
 * Lets what lives long double before V8 looks through all of it again. By itself V8 does so after a few megabytes, as long as
 * that takes no more than 3% of the time, by its reckoning, of one thread: under load once or twice a second, on a second thread too.
 * The measure is fixed instead of guessed, so that the heap is also never more than twice of what is wanted in it (ADR 0061).
 */
export function letHeapDouble(): void {
  setFlagsFromString('--heap-growing-percent=100');
}
