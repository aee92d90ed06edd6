/** One step of the chart: what was given goes up, what was not goes down. */
export interface Step {
  readonly atMs: number;
  readonly allowed: number;
  readonly narrowed: number;
  readonly refused: number;
  readonly signInAgain: number;
}

/** Both halves of a chart, each with a scale of its own. */
export interface Scales {
  readonly up: Scale;
  readonly down: Scale;
  /** How many times larger the lower half is drawn; 1 = the same. */
  readonly times: number;
}

export interface Scale {
  /** The highest value that there is room for. */
  readonly most: number;
  readonly toPixels: (value: number) => number;
}

export function givenOf({ allowed, narrowed }: Step): number {
  return allowed + narrowed;
}

export function notGivenOf({ refused, signInAgain }: Step): number {
  return refused + signInAgain;
}

/**
 * Scales for both halves. The lower one is drawn larger where there is little in it, as that is what one looks for, and never
 * smaller than the upper one.
 */
export function scalesOf(steps: readonly Step[], upPixels: number, downPixels: number): Scales {
  const up = roundUp(Math.max(0, ...steps.map(givenOf)));
  const own = roundUp(Math.max(0, ...steps.map(notGivenOf)));
  const upMost = Math.max(up, (own * upPixels) / downPixels);
  const perUp = upPixels / upMost;
  const perDown = downPixels / own;
  return {
    up: { most: upMost, toPixels: (value) => value * perUp },
    down: { most: own, toPixels: (value) => value * perDown },
    times: Math.max(1, Math.round(perDown / perUp)),
  };
}

/** The next of 1, 2, 5, 10, 20, 50, ... */
export function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return ([1, 2, 5, 10].find((each) => each * power >= value) ?? 10) * power;
}

/** `+4%`, `−12%`, `as many as`; of nothing before, nothing can be said. */
export function changeOf(now: number, before: number): string | undefined {
  if (before === 0) return undefined;
  const percent = Math.round((100 * (now - before)) / before);
  return `${percent < 0 ? '−' : '+'}${Math.abs(percent)}%`;
}

/** `98.1%`; of nothing, nothing. */
export function shareOf(part: number, all: number): string | undefined {
  return all === 0 ? undefined : `${Math.round((1000 * part) / all) / 10}%`;
}
