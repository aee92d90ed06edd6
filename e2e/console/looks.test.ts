import { after, before, describe, test } from 'node:test';
import { suiteScope } from '../harness.ts';
import { type ConsoleWorld, checkLooks, startConsole } from './harness.ts';
import { states } from './states.ts';

// Every page in every state that it can be shown in, in each look. A new page is a line in states.ts.

describe('every page of the console', () => {
  const scope = suiteScope(after);
  let world: ConsoleWorld;
  before(async () => {
    world = await startConsole(scope);
  });

  for (const { name, as, path, open, heading, act } of states) {
    test(name, async () => {
      const page = await world.open(as ?? 'dana', path);
      if (open !== undefined) await page.getByRole('link', { name: open, exact: true }).click();
      await page.getByRole('heading', { level: 1, name: heading }).waitFor();
      await act?.(page);
      await checkLooks(page, name);
      await page.close();
    });
  }
});
