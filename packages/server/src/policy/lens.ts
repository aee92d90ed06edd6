import type { AccessIndex } from './compile.ts';
import type { Rule } from './compile-rules.ts';
import { affectedServers } from './diff/affected.ts';
import { isSame } from './diff/same.ts';
import { type Cell, cellOf, type View } from './matrix.ts';
import type { AccessServer, Risk } from './model.ts';

/** A cell as it is drawn. */
export interface SeenCell extends Cell {
  /** Whether the draft that is looked at says something else of it. */
  readonly isChanged: boolean;
}

/** How much of one level of risk somebody has on a server, or on the best of several. */
export interface Bar {
  readonly level: Risk;
  readonly has: 'all' | 'some' | 'none';
}

/** One version of the policy, or a draft beside what is in force, as the matrix shows it. */
export interface Lens {
  /** `undefined` where no rule speaks, and none is taken out. */
  readonly cell: (subject: string, server: string) => SeenCell | undefined;
  /** Pairs that rules name, with the rules: where a cell of a subject's own can be. */
  readonly named: () => Iterable<readonly [subject: string, server: string, rules: readonly Rule[]]>;
}

/** A group that no rule can name. */
const nobody = 'group:';

/** @param before - what a draft is compared with; without it nothing is changed */
export function createLens(index: AccessIndex, before: AccessIndex | undefined, view: View): Lens {
  const affected = before && affectedOnce(before, index);
  const inherited = new Map<string, SeenCell | undefined>();
  const see = (subject: string, server: string): SeenCell | undefined => {
    const cell = cellOf(index, subject, server, view);
    if (!before || !affected?.has(server)) return cell && { ...cell, isChanged: false };
    const isChanged = isOther(before, index, subject, server, view);
    if (!cell && !isChanged) return undefined;
    return { subject, server, allowed: [], conditional: [], denied: [], isOwn: true, ...cell, isChanged };
  };
  const inherit = (server: string) => {
    if (!inherited.has(server)) inherited.set(server, see(nobody, server));
    return inherited.get(server);
  };
  const isNamed = (subject: string, server: string) =>
    namesOf(index, server).has(subject) || (before !== undefined && namesOf(before, server).has(subject));
  return {
    cell(subject, server) {
      if (isNamed(subject, server)) return see(subject, server);
      // No rule names them: they have what everybody has, which is worked out once for all rows.
      const cell = inherit(server);
      return cell && { ...cell, subject };
    },
    *named() {
      const servers = new Set([...index.rules.keys(), ...(before ? [...before.rules.keys()] : [])]);
      for (const server of servers) {
        const rules = [...(index.rules.get(server)?.all ?? []), ...(before?.rules.get(server)?.all ?? [])];
        const bySubject = new Map<string, Rule[]>();
        for (const rule of rules) {
          for (const subject of rule.to) {
            const some = bySubject.get(subject);
            if (some) some.push(rule);
            else bySubject.set(subject, [rule]);
          }
        }
        for (const [subject, some] of bySubject) yield [subject, server, some];
      }
    },
  };
}

const levels: readonly Risk[] = ['low', 'medium', 'high'];
const much: readonly Bar['has'][] = ['none', 'some', 'all'];

/** A bar for each level of risk that the server has scopes of, the lowest first. */
export function barsOf({ scopes }: Pick<AccessServer, 'scopes'>, { allowed }: Pick<Cell, 'allowed'>): readonly Bar[] {
  return levels.flatMap((level): Bar[] => {
    const ofLevel = [...scopes].filter(([, risk]) => risk === level);
    if (ofLevel.length === 0) return [];
    const given = ofLevel.filter(([name]) => allowed.includes(name)).length;
    return [{ level, has: given === ofLevel.length ? 'all' : given > 0 ? 'some' : 'none' }];
  });
}

/** The highest of each level. */
export function highestBars(bars: readonly (readonly Bar[])[]): readonly Bar[] {
  const all = bars.flat();
  return levels.flatMap((level): Bar[] => {
    const ofLevel = all.filter((bar) => bar.level === level).map(({ has }) => much.indexOf(has));
    const has = much[Math.max(...ofLevel)];
    return has ? [{ level, has }] : [];
  });
}

/** What the marks of a cell say, or a rule that names the subject, is another. */
function isOther(before: AccessIndex, after: AccessIndex, subject: string, server: string, view: View): boolean {
  const [old, next] = [before, after].map((index) => marksOf(cellOf(index, subject, server, view)));
  return !isSame(old, next) || !isSame(ownRules(before, subject, server), ownRules(after, subject, server));
}

function marksOf(cell: Cell | undefined) {
  return [cell?.allowed ?? [], cell?.conditional ?? [], cell?.denied ?? []];
}

/** By id: where a rule stands among others decides nothing. */
function ownRules({ rules }: AccessIndex, subject: string, server: string) {
  const own = (rules.get(server)?.all ?? []).filter(({ to }) => to.includes(subject));
  return own.map((rule) => ({ ...rule, position: 0 })).toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** Subjects that the rules of each server name; worked out once for each index. */
const names = new WeakMap<AccessIndex, Map<string, ReadonlySet<string>>>();

function namesOf(index: AccessIndex, server: string): ReadonlySet<string> {
  const known = names.get(index) ?? new Map<string, ReadonlySet<string>>();
  names.set(index, known);
  const mine = known.get(server) ?? new Set(index.rules.get(server)?.all.flatMap(({ to }) => to));
  known.set(server, mine);
  return mine;
}

/** Servers on which a draft differs; worked out once for each text of it. */
const differing = new WeakMap<AccessIndex, { readonly before: AccessIndex; readonly servers: ReadonlySet<string> }>();

function affectedOnce(before: AccessIndex, after: AccessIndex): ReadonlySet<string> {
  const known = differing.get(after);
  if (known?.before === before) return known.servers;
  const servers = new Set(affectedServers(before, after).map(({ id }) => id));
  differing.set(after, { before, servers });
  return servers;
}
