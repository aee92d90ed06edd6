import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { userNamed } from '../../examples/acme/demo-file.ts';
import { findChromium } from '../../scripts/chromium.ts';
import { type Acme, onEnd, type Scope, startAcme } from '../harness.ts';

/** The demonstration with its console, and a browser in which administrators can be signed in. */
export interface ConsoleWorld {
  readonly acme: Acme;
  readonly browser: Browser;
  readonly url: string;
  /** A page of this administrator, at this path; complaints of any page of theirs fail {@link checkComplaints}. */
  readonly open: (firstName: string, path: string) => Promise<Page>;
}

/** Where pictures of every page go, unless `SCREENSHOTS` names another folder. Not kept in the repository. */
const pictures = process.env.SCREENSHOTS ?? join(import.meta.dirname, '../../.cache/console');
/** `npm run test:long`, or a folder named: then pictures are taken. */
const isLong = process.env.CREDENCE_LOAD_SECONDS !== undefined;
const takesPictures = process.env.SCREENSHOTS !== undefined || isLong;

const complaints = new WeakMap<BrowserContext, string[]>();

/** One server and one browser for a whole file: a page costs what a page costs. */
export async function startConsole(scope: Scope, options: Parameters<typeof startAcme>[1] = {}): Promise<ConsoleWorld> {
  const acme = await startAcme(scope, options);
  const browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox'] });
  onEnd(scope, () => browser.close());
  const url = acme.demo.admin.url;
  const contexts = new Map<string, Promise<BrowserContext>>();

  async function signedIn(firstName: string): Promise<BrowserContext> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    watch(context, url);
    const page = await context.newPage();
    await signIn(page, acme, firstName);
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    await page.close();
    return context;
  }

  return {
    acme,
    browser,
    url,
    async open(firstName, path) {
      const context = contexts.get(firstName) ?? signedIn(firstName);
      contexts.set(firstName, context);
      const page = await (await context).newPage();
      await page.goto(`${url}${path}`);
      return page;
    },
  };
}

/** Through the sign-in page of the IdP, and back to `to`. */
export async function signIn(page: Page, { demo }: Acme, firstName: string, to = '/'): Promise<void> {
  await page.goto(`${demo.admin.url}/sign-in?to=${encodeURIComponent(to)}`);
  await fillSignIn(page, demo, firstName);
}

/** At the sign-in page of the IdP, wherever that is open. */
export async function fillSignIn(page: Page, demo: Acme['demo'], firstName: string): Promise<void> {
  const { email, password } = userNamed(demo, firstName);
  await page.getByLabel('Work email').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
}

/**
 * What a page must never do: throw, write to the console of the browser (which is where a stopped script or style is told of),
 * or ask anybody but its own listener.
 */
export function watch(context: BrowserContext, url: string): void {
  const heard: string[] = [];
  complaints.set(context, heard);
  context.on('page', (page) => {
    page.on('pageerror', (error) => heard.push(`${page.url()}: ${error.message}`));
    page.on('console', (message) => {
      // The browser tells of every answer of 4xx by itself; pages show those in words. And of whoever typed before the page was through.
      if (!/^(Failed to load resource|Autofocus processing was blocked)/.test(message.text()))
        heard.push(`${page.url()}: ${message.text()}`);
    });
    page.on('request', (request) => {
      if (page.url().startsWith(url) && !request.isNavigationRequest() && !request.url().startsWith(url)) {
        heard.push(`${page.url()} asked ${request.url()}`);
      }
    });
  });
}

export function checkComplaints(page: Page): void {
  assert.deepEqual(complaints.get(page.context()), []);
}

/** Every page has to be right in each of these; axe looks where it says so. */
const looks = [
  { name: 'light-1440', colorScheme: 'light', width: 1440, axe: true, always: true },
  { name: 'dark-1440', colorScheme: 'dark', width: 1440, axe: true, always: true },
  { name: 'light-360', colorScheme: 'light', width: 360, axe: isLong, always: true },
  { name: 'dark-360', colorScheme: 'dark', width: 360, axe: false, always: false },
  { name: 'light-2560', colorScheme: 'light', width: 2560, axe: false, always: true },
  { name: 'dark-2560', colorScheme: 'dark', width: 2560, axe: false, always: false },
] as const;

/**
 * Looks at a page as it stands in every look: no violation that axe knows, nothing cut off or scrolling sideways, no complaint.
 * Pictures of each are for people to look at.
 */
export async function checkLooks(page: Page, name: string): Promise<void> {
  for (const look of looks) {
    if (!look.always && !takesPictures) continue;
    await page.emulateMedia({ colorScheme: look.colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width: look.width, height: look.width === 360 ? 740 : 900 });
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
    assert.ok(overflow <= 0, `${name}, ${look.name}: scrolls sideways by ${overflow} px`);
    if (takesPictures) {
      await mkdir(pictures, { recursive: true });
      await page.screenshot({ path: join(pictures, `${name}-${look.name}.png`), fullPage: true });
    }
    if (!look.axe) continue;
    const { violations } = await new AxeBuilder({ page }).analyze();
    assert.deepEqual(
      violations.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`)]),
      [],
      `${name}, ${look.name}`,
    );
  }
  checkComplaints(page);
}
