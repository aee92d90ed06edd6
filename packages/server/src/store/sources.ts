import type { DirectoryStore } from './directory.ts';
import { countChange, type Engine } from './engine.ts';
import { StoreConflict } from './store.ts';

/** Who may own records. A name once given stays with its source: ids such as `okta/...` are made of it. */
export function sourceStore({ db, write }: Engine): Pick<DirectoryStore, 'claimSource' | 'sources'> {
  return {
    claimSource: async (source) => {
      const name = source.slice(source.indexOf(':') + 1);
      const insert = db
        .insertInto('sources')
        .values({ source, name })
        .onConflict((conflict) => conflict.doNothing());
      await write({ steps: [insert, countChange(db)], conditional: true });
      const owner = await db.selectFrom('sources').select('source').where('name', '=', name).executeTakeFirst();
      if (owner?.source !== source) throw new StoreConflict(`The name ${name} belongs to ${owner?.source}.`);
    },

    sources: async () => {
      const rows = await db.selectFrom('sources').select('source').orderBy('source').execute();
      return rows.map(({ source }) => source);
    },
  };
}
