import type { Page } from 'playwright-core';
import { askApi, askWell } from '../e2e/console/api.ts';

/** From a touch in an open cell of the matrix until what the draft does has been counted again, in milliseconds. */
export interface Touches {
  /** Begins the draft. */
  readonly first: number;
  readonly again: readonly number[];
}

/** The bar for each touch but the first. */
export const touchBarMs = 300;
const touches = 10;

interface Items {
  readonly items: readonly { readonly id: string }[];
}

/** Gives and takes the first scope of a server in one cell. The draft is thrown away again. */
export async function measureTouches(page: Page, url: string): Promise<Touches> {
  const server = (await askWell<Items>(page, 'GET', '/use/servers')).items.at(500)?.id ?? '';
  const before = new Set((await askWell<Items>(page, 'GET', '/drafts')).items.map(({ id }) => id));
  await page.goto(`${url}/access?q=group-7&server=${server}`);
  await page.getByRole('grid').getByRole('button', { name: / on / }).last().click();
  await page.locator('tr[data-scope] button').first().waitFor();
  const measured: number[] = [];
  for (let touch = 0; touch <= touches; touch += 1) measured.push(await page.evaluate<number>(press(touch % 2 === 0)));
  const { items } = await askWell<Items>(page, 'GET', '/drafts');
  for (const { id } of items.filter((draft) => !before.has(draft.id))) {
    const { etag } = await askWell(page, 'GET', `/drafts/${id}`);
    await askApi(page, 'DELETE', `/drafts/${id}`, { ifMatch: etag });
  }
  const [first = Number.NaN, ...again] = measured;
  return { first, again };
}

/** What runs in the page, as text: the types of a browser are none of ours here. */
function press(allow: boolean): string {
  return `(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(() => done()));
    const says = () => document.querySelector('[role=status][aria-busy]');
    const choice = [...document.querySelector('tr[data-scope]').querySelectorAll('button')].find(
      ({ textContent }) => textContent.trim() === '${allow ? 'Allow' : 'Not given'}',
    );
    const started = performance.now();
    choice.click();
    while (says()?.getAttribute('aria-busy') !== 'true' && performance.now() - started < 5000) await frame();
    while (says()?.getAttribute('aria-busy') !== 'false' && performance.now() - started < 60000) await frame();
    return performance.now() - started;
  })()`;
}
