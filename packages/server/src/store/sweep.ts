import type { EpochSeconds } from '@credence/mcp/protocol';
import type { Compilable } from 'kysely';
import { removeOldSums } from './audit-sums.ts';
import type { Engine } from './engine.ts';

const day = 86_400;
/** How long what agents did is kept. */
const keptDays = 400;
/** Rows looked at in one step. */
const pageLength = 2000;

/** On which day each store was gone through to the end, and those that are being gone through. */
const sweptOn = new WeakMap<Engine['write'], number>();
const underWay = new WeakSet<Engine['write']>();

/**
 * Removes what is too old from tables that can be millions of rows long and have no index by age, which every use would have to
 * keep. Once a day they are gone through from end to end, some rows in each step, so that nobody waits for it. What fails on the way is
 * begun again at the next occasion, and not the day after.
 */
export async function sweep(engine: Engine, now: EpochSeconds): Promise<void> {
  const { write } = engine;
  const today = Math.floor(now / day);
  if (sweptOn.get(write) === today || underWay.has(write)) return;
  underWay.add(write);
  try {
    await removeOld(engine, now);
    sweptOn.set(write, today);
  } finally {
    underWay.delete(write);
  }
}

async function removeOld({ db, write }: Engine, now: EpochSeconds): Promise<void> {
  const today = Math.floor(now / day);
  const oldPeople = db.deleteFrom('agent_people').where('last_ms', '<=', (now - keptDays * day) * 1000);
  await write({ steps: [oldPeople, ...removeOldSums(db, today - keptDays)] });

  await inSteps(
    async (after) => {
      const people = db.selectFrom('agent_uses').select('person_id as key').where('person_id', '>', after);
      return (await people.orderBy('person_id').offset(pageLength).limit(1).executeTakeFirst())?.key;
    },
    (after, until) => {
      const old = db.deleteFrom('agent_uses').where('last_ms', '<=', (now - keptDays * day) * 1000);
      const some = old.where('person_id', '>', after);
      return until === undefined ? some : some.where('person_id', '<=', until);
    },
  );
  for (const side of ['idp', 'ras'] as const) {
    await inSteps(
      async (after) => {
        const servers = db.selectFrom('audit_days').select('server as key').where('side', '=', side);
        const some = servers.where('server', '>', after).orderBy('server').offset(pageLength).limit(1);
        return (await some.executeTakeFirst())?.key;
      },
      (after, until) => {
        const old = db
          .deleteFrom('audit_days')
          .where('side', '=', side)
          .where('day', '<=', today - keptDays);
        // '' is a server too: lines that name none.
        const some = after === '' ? old : old.where('server', '>', after);
        return until === undefined ? some : some.where('server', '<=', until);
      },
    );
  }

  /** @param endOf - the last key of the step that begins behind this one; `undefined` = it is the last step */
  async function inSteps(
    endOf: (after: string) => Promise<string | undefined>,
    remove: (after: string, until: string | undefined) => Compilable,
  ): Promise<void> {
    for (let after: string | undefined = ''; after !== undefined; ) {
      const until: string | undefined = await endOf(after);
      await write({ steps: [remove(after, until)] });
      after = until;
    }
  }
}
