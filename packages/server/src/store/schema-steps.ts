import type { Migration } from 'kysely/migration';

/** A step of the tables. */
export interface SchemaStep extends Migration {
  /**
   * Nodes that know the steps up to this one, the last of the release before, work on beside those that know this step too: it
   * only adds what they neither read nor have to write. Absent: they have to be stopped before it is taken.
   */
  readonly livesBeside?: string;
}

/** A step that a database has gone through. */
export interface AppliedStep {
  readonly name: string;
  /** `livesBeside` of it, as the version that took it had it. */
  readonly beside?: string | null;
}

/** The first step that a version does not know and cannot live beside; none: it can work on these tables. */
export function stepTooFar(applied: readonly AppliedStep[], known: readonly string[]): string | undefined {
  const latest = known.toSorted().at(-1) ?? '';
  return applied.find(({ name, beside }) => !known.includes(name) && !(beside && beside <= latest))?.name;
}

const product = 'credence';

/** What a connection calls itself, so that whoever changes tables sees who would not know them. */
export function toConnectionName(known: readonly string[]): string {
  return `${product} ${known.toSorted().at(-1) ?? ''}`;
}

/** Of connections to a database, those of nodes that a step to be taken would break. */
export function tooOldFor(
  pending: Readonly<Record<string, SchemaStep>>,
  connections: readonly string[],
): readonly string[] {
  return connections.filter((name) => {
    const [of, latest = ''] = name.split(' ');
    if (of !== product) return false; // nobody's but ours
    return Object.entries(pending).some(([step, { livesBeside }]) => latest < (livesBeside ?? step));
  });
}
