import assert from 'node:assert/strict';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';

/** Each page in each of these has to be right. SCREENSHOTS=<folder> keeps a picture of each. */
export const looks = [
  { name: 'light', colorScheme: 'light', width: 1440, height: 900 },
  { name: 'dark', colorScheme: 'dark', width: 1440, height: 900 },
  { name: 'narrow', colorScheme: 'light', width: 360, height: 740 },
] as const;

/** A state of a page, how it is reached, and what it says first. */
export interface State {
  readonly heading: string;
  readonly open: (page: Page) => Promise<unknown>;
}

/** Looks right to axe, fits the width, and complains of nothing: no script or style was stopped by the policy of the page. */
export async function checkLook(
  browser: Browser,
  name: string,
  { heading, open }: State,
  look: (typeof looks)[number],
): Promise<void> {
  const { colorScheme, width, height } = look;
  const context = await browser.newContext({ colorScheme, viewport: { width, height } });
  try {
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await open(page);
    await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor({ timeout: 5000 });
    const folder = process.env.SCREENSHOTS;
    if (folder) await page.screenshot({ path: `${folder}/${name}-${look.name}.png`, fullPage: true });

    // Playwright's own axe script is not bound by the policy of the page.
    const { violations } = await new AxeBuilder({ page }).analyze();
    assert.deepEqual(
      violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]),
      [],
    );
    const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
    assert.ok(overflow <= 0, `scrolls sideways by ${overflow} px`);
    assert.deepEqual(complaints.filter(isOurs), []);
  } finally {
    await context.close();
  }
}

/** The browser reports every answer of 400 and 403; that is what the page is about. */
function isOurs(complaint: string): boolean {
  return !/Failed to load resource: the server responded with a status of 40[03]/.test(complaint);
}
