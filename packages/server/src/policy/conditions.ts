import type { EpochSeconds } from '@credence/mcp/protocol';
import type { RuleEntry } from './access-document.ts';
import type { RuleEffect } from './compile-rules.ts';
import { hoursWords, isWithin } from './hours.ts';
import type { Ask } from './model.ts';
import { isInNetwork, type Network, parseAddress, parseNetwork } from './network.ts';

/** Under which circumstances a rule speaks, beyond who asks through what for which scopes. All of them must be met. */
export interface Conditions {
  readonly from: Networks | undefined;
  readonly notFrom: Networks | undefined;
  readonly hours: RuleEntry['hours'];
  /** The first second in which it speaks no more. */
  readonly until: EpochSeconds | undefined;
}

export interface Networks {
  readonly names: readonly string[];
  readonly list: readonly Network[];
}

/** Networks by the names that rules have for them, or by their addresses. */
export type NetworksOf = (names: readonly string[]) => Networks;

/** Each list of names is read once, however many rules on however many servers speak in it. */
export function createNetworks(networks: Readonly<Record<string, readonly string[]>>): NetworksOf {
  const known = new Map<string, Networks>();
  const lists = new Map(Object.entries(networks));
  return (names) => {
    const key = JSON.stringify(names);
    const made = known.get(key) ?? {
      names,
      list: names.flatMap((name) => lists.get(name) ?? [name]).flatMap((text) => parseNetwork(text) ?? []),
    };
    known.set(key, made);
    return made;
  };
}

/** What a rule says of the circumstances; `undefined` = it speaks under all. */
export function toConditions(
  { from, not_from, hours, until }: RuleEntry,
  networksOf: NetworksOf,
): Conditions | undefined {
  if (from === undefined && not_from === undefined && hours === undefined && until === undefined) return undefined;
  return {
    from: from && networksOf(from),
    notFrom: not_from && networksOf(not_from),
    hours,
    until: until === undefined ? undefined : toEnd(until),
  };
}

/** A day ends with its last second in UTC; a time is the end itself. */
function toEnd(until: string): EpochSeconds {
  const isDay = until.length === 'YYYY-MM-DD'.length;
  return Math.floor(Date.parse(isDay ? `${until}T00:00:00Z` : until) / 1000) + (isDay ? 86_400 : 0);
}

/** One circumstance, put to the test. */
export interface Circumstance {
  readonly about: 'network' | 'hours' | 'until';
  readonly met: boolean;
  readonly words: string;
}

/** Whether the circumstances are those that the rule speaks under. */
export function holds(conditions: Conditions, effect: RuleEffect, ask: Ask): boolean {
  const { from, notFrom, hours, until } = conditions;
  if (until !== undefined && ask.now >= until) return false;
  if (ask.whenever) return effect === 'allow' || (from ?? notFrom ?? hours) === undefined;
  if (from && !lies(from, ask.address, effect !== 'allow')) return false;
  if (notFrom && lies(notFrom, ask.address, effect === 'allow')) return false;
  return !hours || isWithin(hours, ask.now);
}

/**
 * The same in words, as far as the first circumstance that is not met. Not by way of {@link holds}, so that a test can compare
 * the two.
 */
export function testCircumstances(conditions: Conditions, effect: RuleEffect, ask: Ask): readonly Circumstance[] {
  const { from, notFrom, hours, until } = conditions;
  const where = ask.address ?? 'an unknown address';
  const found: Circumstance[] = [];
  const test = (about: Circumstance['about'], met: boolean, words: string) => found.push({ about, met, words });
  if (until !== undefined) {
    const end = new Date(until * 1000).toISOString().replace('.000Z', 'Z');
    test('until', ask.now < until, `it speaks until ${end}`);
  }
  const isOpen = ask.whenever && effect === 'allow';
  const isShut = ask.whenever && effect !== 'allow';
  const judge = (met: boolean) => !isShut && (isOpen || met);
  if (from) {
    const met = judge(lies(from, ask.address, effect !== 'allow'));
    test('network', met, `the request came from ${where}, ${met ? '' : 'not '}within ${from.names.join(', ')}`);
  }
  if (notFrom) {
    const met = judge(!lies(notFrom, ask.address, effect === 'allow'));
    test('network', met, `the request came from ${where}, ${met ? 'not ' : ''}within ${notFrom.names.join(', ')}`);
  }
  if (hours) test('hours', judge(isWithin(hours, ask.now)), `it speaks ${hoursWords(hours)}`);
  const unmet = found.findIndex(({ met }) => !met);
  return unmet < 0 ? found : found.slice(0, unmet + 1);
}

/** @param unknown - the answer for an address that is none: whatever grants less */
function lies({ list }: Networks, address: string | undefined, unknown: boolean): boolean {
  const groups = address === undefined ? undefined : parseAddress(address);
  return groups ? list.some((network) => isInNetwork(network, groups)) : unknown;
}
