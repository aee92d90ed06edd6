import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { runCredence } from '../../examples/acme/server-process.ts';
import { toSegment } from '../../packages/server/src/admin/api/client/segment.ts';
import { suiteScope } from '../harness.ts';
import { askWell } from './api.ts';
import { type ConsoleWorld, checkComplaints, checkLooks, signIn, startConsole, watch } from './harness.ts';

// What goes wrong while somebody works: a button pressed twice, Back in the middle, an answer that fails, comes late or never.

describe('what goes wrong at the console', () => {
  const scope = suiteScope(after);
  let world: ConsoleWorld;
  before(async () => {
    world = await startConsole(scope);
  });

  /** A browser of its own, in which somebody can be signed out again. */
  async function ownBrowser(path: string): Promise<Page> {
    const context = await world.browser.newContext();
    watch(context, world.url);
    const page = await context.newPage();
    await signIn(page, world.acme, 'dana', path);
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    return page;
  }

  async function peopleIds(page: Page, ...names: readonly string[]): Promise<readonly string[]> {
    const found = names.map((name) => askWell<{ items: { id: string }[] }>(page, 'GET', `/people?q=${name}`));
    return (await Promise.all(found)).map(({ items }) => items[0]?.id ?? '');
  }

  async function signOutAt(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Your account and settings' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
  }

  test('nobody is told that they are signed out when they are not', async () => {
    const page = await ownBrowser('/parts');
    await page.route('**/api/v1/me/session', (route) => route.abort());
    await signOutAt(page);
    await page.getByText('You are still signed in').waitFor();
    assert.equal(new URL(page.url()).pathname, '/parts');
    await page.unrouteAll();
    await signOutAt(page);
    await page.getByRole('heading', { level: 1, name: 'You are signed out of the console.' }).waitFor();
    checkComplaints(page);
    await page.context().close();
  });

  test('whoever signs out in one window leaves nothing on the screen in another', async () => {
    const page = await ownBrowser('/people');
    await page.getByText('bob@acme.example').waitFor();
    const other = await page.context().newPage();
    await other.goto(`${world.url}/parts`);
    await signOutAt(other);
    await other.getByRole('heading', { level: 1, name: 'You are signed out of the console.' }).waitFor();
    await page.getByRole('dialog', { name: 'Your session has ended.' }).waitFor();
    await page.getByText('bob@acme.example').waitFor({ state: 'hidden' });
    checkComplaints(page);
    await page.context().close();
  });

  test('Back closes what was asked of one person: nothing of it is left for another', async () => {
    const page = await world.open('dana', '/people');
    const [alice, bob] = await peopleIds(page, 'alice@', 'bob@');
    await page.getByRole('link', { name: 'Bob' }).click();
    await page.getByRole('heading', { level: 1, name: 'Bob' }).waitFor();
    await page.goto(`${world.url}/people/${bob}`);
    await page.getByRole('heading', { level: 1, name: 'Bob' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Search or jump to' }).fill('alice');
    await page.getByRole('option', { name: /alice@acme\.example/ }).click();
    await page.getByRole('heading', { level: 1, name: 'Alice' }).waitFor();
    assert.ok(page.url().endsWith(alice ?? '-'));
    await page.getByRole('button', { name: 'Edit…' }).click();
    await page.getByRole('dialog').waitFor();
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: 'Bob' }).waitFor({ state: 'attached' });
    assert.equal(await page.getByRole('dialog').count(), 0);
    checkComplaints(page);
    await page.close();
  });

  test('the secret of one client is not shown on the page of another', async () => {
    const page = await world.open('dana', '/clients/claude-code');
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Search or jump to' }).fill('vscode');
    await page
      .getByRole('option', { name: /vscode/ })
      .first()
      .click();
    await page.waitForURL(/\/clients\/vscode/);
    await page.getByRole('button', { name: 'Make a secret' }).click();
    await page.getByRole('dialog').getByRole('region').waitFor();
    await page.goBack();
    await page.waitForURL(/\/clients\/claude-code/);
    await page.getByRole('dialog').waitFor({ state: 'detached', timeout: 3000 });
    checkComplaints(page);
    await page.close();
  });

  test('a draft that is discarded by a double click is discarded, and that is said', async () => {
    const page = await world.open('dana', '/changes');
    const draft = await askWell<{ id: string }>(page, 'POST', '/drafts', { body: { kind: 'access', name: 'Twice' } });
    await page.goto(`${world.url}/changes/${draft.id}`);
    await page.getByText('Nobody gains or loses anything.').waitFor();
    await page.getByRole('button', { name: 'Discard' }).dblclick();
    await page.getByText('“Twice” is discarded.').waitFor();
    assert.equal(await page.getByRole('alert').count(), 0);
    checkComplaints(page);
    await page.close();
  });

  test('a server that is stopped by a double click is stopped once', async () => {
    const page = await world.open('dana', '/servers/memory');
    await page.getByRole('button', { name: 'Stop…' }).click();
    await page.getByLabel('Why').fill('twice');
    await page.getByRole('button', { name: 'Stop Personal memory' }).dblclick();
    await page.getByText('Stopped: twice').waitFor();
    const { items } = await askWell<{ items: object[] }>(page, 'GET', '/stops');
    assert.equal(items.length, 1);
    // While the page has not read yet that it goes on, once more changes nothing and is no mistake.
    const held = Promise.withResolvers<void>();
    await page.route('**/api/v1/servers/memory', async (route) => {
      await held.promise;
      await route.continue();
    });
    const start = page.getByRole('button', { name: 'Start again' });
    const started = page.waitForResponse(/\/resume$/);
    await start.click();
    await started;
    await start.click();
    await page.evaluate('new Promise((done) => setTimeout(done, 300))');
    assert.equal(await page.getByRole('alert').count(), 0);
    held.resolve();
    await page.getByRole('button', { name: 'Stop…' }).waitFor();
    await page.unrouteAll({ behavior: 'wait' });
    checkComplaints(page);
    await page.close();
  });

  test('decisions are followed again when what stood between is gone', async () => {
    const page = await world.open('dana', '/parts');
    let refused = 0;
    await page.route('**/api/v1/live*', (route) => {
      refused += 1;
      return refused > 1
        ? route.continue()
        : route.fulfill({ status: 502, contentType: 'text/html', body: '<p>Bad</p>' });
    });
    await page.goto(`${world.url}/decisions`);
    await page.getByRole('heading', { level: 1, name: 'Decisions' }).waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    checkComplaints(page);
    await page.close();
  });

  test('decisions are followed again after a sign-in that was needed', async () => {
    const page = await ownBrowser('/decisions');
    await page.getByText('Live', { exact: true }).waitFor();
    await askWell(page, 'DELETE', '/me/session');
    await page.getByText('Not live: your session has ended, or your role').waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Search or jump to' }).fill('alice');
    const dialog = page.getByRole('dialog', { name: 'Your session has ended.' });
    await dialog.waitFor();
    const [window] = await Promise.all([
      page.waitForEvent('popup'),
      dialog.getByRole('button', { name: 'Sign in again' }).click(),
    ]);
    const closed = window.waitForEvent('close');
    await window.getByRole('button', { name: 'Continue as Dana' }).click();
    await closed;
    await dialog.waitFor({ state: 'detached' });
    await page.getByText('Live', { exact: true }).waitFor();
    checkComplaints(page);
    await page.context().close();
  });

  test('hundreds of people that come live cost a handful of requests for their names', async () => {
    const page = await world.open('dana', '/parts');
    // Thirty lines every half a second, each of somebody else: as a stream of a busy hour has them.
    await page.addInitScript(() => {
      let at = 0;
      globalThis.EventSource = class extends EventTarget {
        static readonly CLOSED = 2;
        readonly readyState = 1;
        readonly #timer = setInterval(() => this.#tick(), 500);
        #tick() {
          this.dispatchEvent(new MessageEvent('ready', { data: '{}' }));
          for (let count = 0; count < 30 && at < 300; count += 1, at += 1) {
            const line = { id: `d_live${at}`, kind: 'decision', domain: 'idp', timeMs: Date.now(), outcome: 'allowed' };
            const person = `u_${String(at).padStart(22, '0')}`;
            this.dispatchEvent(new MessageEvent('record', { data: JSON.stringify({ ...line, person }) }));
          }
        }
        close() {
          clearInterval(this.#timer);
        }
      } as unknown as typeof EventSource;
    });
    let asked = 0;
    page.on('request', (request) => {
      if (request.url().includes('/people/names')) asked += 1;
    });
    await page.goto(`${world.url}/decisions`);
    await page.getByText('u_000000000…').first().waitFor();
    await page.evaluate('new Promise((done) => setTimeout(done, 6500))');
    assert.ok(asked >= 2 && asked <= 12, `${asked} requests`);
    checkComplaints(page);
    await page.close();
  });

  test('a client that many people use is stopped only when its name was typed', async () => {
    const page = await world.open('dana', '/parts');
    await page.route('**/api/v1/stops/preview', (route) =>
      route.fulfill({ json: { words: 'stops the client: 3000 people', people: 3000, endsAt: null } }),
    );
    await page.goto(`${world.url}/clients/claude-code`);
    await page.getByRole('button', { name: 'Stop…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Stops the client: 3000 people' });
    const stop = dialog.getByRole('button', { name: /^Stop / });
    await dialog.getByLabel('Type claude-code to go on').waitFor();
    assert.ok(await stop.isDisabled());
    await dialog.getByLabel('Type claude-code to go on').fill('claude-code');
    assert.ok(await stop.isEnabled());
    await page.keyboard.press('Escape');
    await page.unrouteAll();
    checkComplaints(page);
    await page.close();
  });

  test('a list that is read to its end by itself stops where the server does', async () => {
    const page = await world.open('dana', '/parts');
    let asked = 0;
    const away = { status: 503, json: { status: 503, title: 'Away', detail: 'The store is away.' } };
    await page.route('**/api/v1/tokens?*', (route) => {
      asked += 1;
      return route.fulfill(asked === 1 ? { json: { items: [], next: 'more' } } : away);
    });
    await page.goto(`${world.url}/audit`);
    await page.getByRole('combobox', { name: 'With which token' }).waitFor();
    await page.evaluate('new Promise((done) => setTimeout(done, 2000))');
    assert.ok(asked >= 2 && asked <= 4, `${asked} requests for tokens`);

    asked = 0;
    await page.route('**/api/v1/reach/servers/files/people?*', (route) => {
      asked += 1;
      return route.fulfill(asked === 1 ? { json: { items: [], next: 'more' } } : away);
    });
    await page.goto(`${world.url}/reach?server=files&unused=yes`);
    await page.getByRole('alert').getByText('The store is away.').waitFor();
    await page.evaluate('new Promise((done) => setTimeout(done, 2000))');
    assert.ok(asked >= 2 && asked <= 4, `${asked} requests for people`);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    checkComplaints(page);
    await page.close();
  });

  test('a time in the address narrows until somebody changes it, and means the same everywhere', async () => {
    const page = await world.open('dana', '/decisions?from=2026-01-02T03:04:00.000Z');
    const from = page.getByLabel('From', { exact: true });
    await from.waitFor();
    assert.notEqual(await from.inputValue(), '');
    await from.focus();
    await page.keyboard.press('Tab');
    await from.blur();
    assert.match(page.url(), /from=2026-01-02/);
    await from.fill('2026-02-03T04:05');
    await from.blur();
    await page.waitForURL(/from=2026-02-03T/);
    assert.match(decodeURIComponent(page.url()), /from=2026-02-0\dT\d\d:05:00\.000Z/);
    assert.equal(await from.inputValue(), '2026-02-03T04:05');
    checkComplaints(page);
    await page.close();
  });

  test('how long ago it was is right from the first look, also where no page before it told a time', async () => {
    const granted = await runCredence(['admin', 'grant', 'bob@acme.example', 'help-desk', '--home', world.acme.home]);
    assert.equal(granted.code, 0, granted.stderr);
    const page = await world.open('bob', '/parts');
    await page.clock.install();
    await page.goto(`${world.url}/people`);
    await page.getByText('bob@acme.example').waitFor();
    await page.clock.fastForward('10:00');
    await page.getByRole('link', { name: 'Bob' }).click();
    const sessions = page.getByRole('table', { name: 'Signed in' });
    await sessions.getByText('10 min ago').waitFor({ timeout: 5000 });
    checkComplaints(page);
    await page.close();
  });

  test('an answer that is none of the server is said to be none', async () => {
    const page = await world.open('dana', '/parts');
    await page.route('**/api/v1/people?*', (route) =>
      route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>Bad gateway</h1>' }),
    );
    await page.goto(`${world.url}/people`);
    await page.getByRole('alert').getByText('The server did not answer.').waitFor();
    await page.unrouteAll();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('bob@acme.example').waitFor();
    checkComplaints(page);
    await page.close();
  });

  test('T32: a refusal shows what cannot be seen, as an answer does', async () => {
    const page = await world.open('dana', '/parts');
    const problem = { status: 409, title: 'No', detail: 'safe\u202Egpj.exe is there already.', code: 'api_conflict' };
    await page.route('**/api/v1/people?*', (route) =>
      route.fulfill({ status: 409, contentType: 'application/problem+json', body: JSON.stringify(problem) }),
    );
    await page.goto(`${world.url}/people`);
    await page.getByRole('alert').getByText('safe\uFFFDgpj.exe is there already.').waitFor();
    await page.unrouteAll();
    checkComplaints(page);
    await page.close();
  });

  test('what is changed of an address leaves a name as it is, also one with signs that cannot be seen', async () => {
    const page = await world.open('dana', '/people');
    const name = 'علی\u200Cرضا';
    const made = await askWell<{ id: string }>(page, 'POST', '/people', { body: { email: 'ali@acme.example', name } });
    await page.goto(`${world.url}/people/${made.id}`);
    await page.getByRole('button', { name: 'Edit…' }).click();
    await page.getByRole('dialog').getByLabel('E-mail').fill('ali.reza@acme.example');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('ali.reza@acme.example').first().waitFor();
    const { name: kept } = await askWell<{ name: string }>(page, 'GET', `/people/${made.id}`);
    assert.equal(kept, name);
    checkComplaints(page);
    await page.close();
  });

  test('a draft that somebody else has discarded does not stand there as if it could be published', async () => {
    const page = await world.open('dana', '/changes');
    const draft = await askWell<{ id: string }>(page, 'POST', '/drafts', { body: { kind: 'access', name: 'Gone' } });
    await page.clock.install();
    await page.goto(`${world.url}/changes/${draft.id}`);
    await page.getByRole('button', { name: /^Publish/ }).waitFor();
    const { etag } = await askWell(page, 'GET', `/drafts/${draft.id}`);
    await askWell(page, 'DELETE', `/drafts/${draft.id}`, { ifMatch: etag });
    await page.clock.fastForward(11_000);
    await page.evaluate("window.dispatchEvent(new Event('visibilitychange'))");
    await page
      .getByRole('alert')
      .getByText(/nothing at this address/i)
      .first()
      .waitFor();
    checkComplaints(page);
    await page.close();
  });

  test('how many changes a draft has is not said before they are counted', async () => {
    const page = await world.open('dana', '/changes');
    const draft = await askWell<{ id: string }>(page, 'POST', '/drafts', {
      body: { kind: 'access', name: 'Uncounted' },
    });
    const held = Promise.withResolvers<void>();
    await page.route('**/diff', async (route) => {
      await held.promise;
      await route.continue();
    });
    await page.evaluate(`localStorage.setItem('credence-draft', '${draft.id}')`);
    await page.goto(`${world.url}/access`);
    const strip = page.getByRole('complementary', { name: 'Draft' });
    await strip.getByText('Uncounted').waitFor();
    assert.equal(await strip.getByText(/0 changes/).count(), 0);
    held.resolve();
    await strip.getByText(/0 changes, saved/).waitFor();
    await strip.getByRole('button', { name: 'Leave draft' }).click();
    await page.unrouteAll({ behavior: 'wait' });
    checkComplaints(page);
    await page.close();
  });

  test('a change of a cell that could not be saved is not lost without a word when the cell is closed meanwhile', async () => {
    const page = await world.open('dana', '/access');
    await page.getByRole('button', { name: /^marketing on Company documents/ }).click();
    const choice = page.getByRole('group', { name: 'files:write in the draft' });
    await choice.waitFor();
    const held = Promise.withResolvers<void>();
    await page.route('**/api/v1/drafts*', async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      await held.promise;
      return route.abort();
    });
    await choice.getByRole('button', { name: 'Allow', exact: true }).click();
    await page.keyboard.press('Escape');
    await choice.waitFor({ state: 'detached' });
    held.resolve();
    await page.getByText('could not be saved').waitFor();
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.close();
  });

  test('of two changes of a cell the one that could not be saved is told, though the next one was', async () => {
    const page = await world.open('dana', '/access');
    await page.getByRole('button', { name: /^marketing on Company documents/ }).click();
    const choice = (scope: string) => page.getByRole('group', { name: `${scope} in the draft` });
    await choice('files:write').getByRole('button', { name: 'Allow', exact: true }).click();
    await page.getByText(/in marketing gains? files:write/).waitFor();
    let edits = 0;
    const held = Promise.withResolvers<void>();
    await page.route(/\/api\/v1\/drafts\/[^/]+\?document=none/, async (route) => {
      edits += 1;
      await held.promise;
      return edits === 1 ? route.abort() : route.continue();
    });
    await choice('files:write').getByRole('button', { name: 'Refuse' }).click();
    await choice('files:read').getByRole('button', { name: 'Refuse' }).click();
    held.resolve();
    const cell = page
      .locator('[data-draft]')
      .filter({ has: choice('files:read') })
      .first();
    await choice('files:write').locator('[aria-pressed=true]', { hasText: 'Allow' }).waitFor();
    await page.getByRole('alert').getByText('The server did not answer.').waitFor();
    assert.ok(await cell.isVisible());
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.goto(`${world.url}/changes`);
    await page.getByRole('link', { name: /^marketing on/ }).click();
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.getByText(/is discarded\./).waitFor();
    checkComplaints(page);
    await page.close();
  });

  test('what waits is not said to be nothing before that is known', async () => {
    const page = await world.open('dana', '/parts');
    await page.route('**/api/v1/drafts*', (route) =>
      route.fulfill({ status: 503, json: { status: 503, title: 'Away', detail: 'The store is away.' } }),
    );
    await page.goto(`${world.url}/changes`);
    await page.getByRole('alert').first().waitFor();
    await page.getByRole('heading', { level: 1, name: 'Changes' }).waitFor();
    await page.goto(`${world.url}/`);
    const waiting = page.getByRole('region', { name: 'Waiting for you' });
    await waiting.getByRole('alert').waitFor();
    assert.doesNotMatch((await page.getByRole('heading', { level: 1 }).textContent()) ?? '', /waits? for you/);
    await page.unrouteAll();
    await page.close();
  });

  test('what a draft did before a change that could not be counted is not said of the draft', async () => {
    const page = await world.open('dana', '/access');
    await page.getByRole('button', { name: /^marketing on Company documents/ }).click();
    const choice = page.getByRole('group', { name: 'files:write in the draft' });
    await choice.getByRole('button', { name: 'Allow', exact: true }).click();
    await page.getByText(/in marketing gains? files:write/).waitFor();
    await page.route('**/diff', (route) =>
      route.fulfill({ status: 503, json: { status: 503, title: 'Away', detail: 'The store is away.' } }),
    );
    await choice.getByRole('button', { name: 'Refuse' }).click();
    await page.getByText('What the draft does could not be counted. It is saved.').waitFor();
    assert.equal(await page.getByText(/in marketing gains? files:write/).count(), 0);
    await page.unrouteAll();
    await page.goto(`${world.url}/changes`);
    await page.getByRole('link', { name: /^marketing on/ }).click();
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.getByText(/is discarded\./).waitFor();
    await page.close();
  });

  test('a click beside a dialog throws away neither a secret nor what was typed', async () => {
    const page = await world.open('dana', '/clients/claude-code');
    await page.getByRole('button', { name: 'Make a secret' }).click();
    await page.getByRole('dialog').getByRole('region').waitFor();
    await page.mouse.click(5, 5);
    await page.evaluate('new Promise((done) => setTimeout(done, 500))');
    assert.equal(await page.getByRole('dialog').count(), 1);
    await page.getByRole('button', { name: 'I have it' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    checkComplaints(page);
    await page.close();
  });

  test('who is taken out of a group, and may be put back by two only: that is what is asked for', async () => {
    const page = await world.open('dana', '/people?tab=groups');
    await page.getByRole('link', { name: 'engineering' }).waitFor();
    await requireSecondPerson(page);
    await page.getByRole('link', { name: 'engineering' }).click();
    const row = page.getByRole('row', { name: /alice@acme\.example/ });
    await row.getByRole('button', { name: 'Remove' }).click();
    await row.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText(/^Not undone\./).waitFor();
    await page.getByRole('button', { name: 'Ask for approval' }).click();
    const waits = page.getByRole('complementary', { name: 'Waits for approval' });
    await waits.getByText('Join engineering engineering: Alice').waitFor();
    assert.equal(await waits.getByText(/^Leave/).count(), 0);
    await page.getByRole('button', { name: 'Ask for approval' }).waitFor({ state: 'detached' });
    checkComplaints(page);
    await page.close();
  });

  test('names that are as long and as odd as they may be break no page', async () => {
    const page = await world.open('dana', '/people');
    const long = 'W'.repeat(190);
    const odd = `\u05D0\u05D1\u05D2 <img src=x onerror=alert(1)> \u{1F469}\u200D\u{1F469}\u200D\u{1F467} javascript:alert(1) \u202Etxt.exe`;
    const person = await askWell<{ id: string }>(page, 'POST', '/people', {
      body: { email: `${'a'.repeat(60)}@${'b'.repeat(60)}.${'c'.repeat(60)}.example`, name: long },
    });
    await askWell(page, 'POST', '/people', { body: { email: 'odd@acme.example', name: odd } });
    const group = await askWell<{ ref: string }>(page, 'POST', '/groups', {
      body: { kind: 'group', id: `g${'x'.repeat(180)}`, name: long },
    });
    await askWell(page, 'POST', `/groups/${group.ref}/members`, { body: { add: [person.id] } });
    const draft = await askWell<{ id: string }>(page, 'POST', '/drafts', {
      body: { kind: 'access', name: 'D'.repeat(118) },
    });
    const stop = { kind: 'person', target: person.id, reason: 'R'.repeat(490) };
    const { id: stopped } = await askWell<{ id: string }>(page, 'POST', '/stops', { body: stop });
    await page.evaluate(`localStorage.setItem('credence-draft', '${draft.id}')`);
    const places: [path: string, seen: string][] = [
      ['/people?q=WWW', long.slice(0, 60)],
      ['/people?q=odd', 'javascript:alert(1)'],
      [`/people/${person.id}`, long.slice(0, 60)],
      [`/groups/${group.ref}`, long.slice(0, 60)],
      ['/people?tab=groups', long.slice(0, 60)],
      ['/changes', 'DDDDDDDD'],
      [`/changes/${draft.id}`, 'DDDDDDDD'],
      ['/settings', 'RRRRRRRR'],
      [`/reach?person=${person.id}`, long.slice(0, 60)],
      ['/access?only=all', 'DDDDDDDD'],
      ['/audit', 'Dana'],
    ];
    const wrong: string[] = [];
    for (const [at, [path, seen]] of places.entries()) {
      await page.goto(`${world.url}${path}`);
      await page.getByText(seen).first().waitFor();
      await checkLooks(page, `long-${at}`).catch((error: Error) => wrong.push(`${path}: ${error.message}`));
      await page.setViewportSize({ width: 1440, height: 900 });
    }
    await askWell(page, 'POST', `/stops/${stopped}/resume`, { body: { reason: 'over' } });
    await page.evaluate("localStorage.removeItem('credence-draft')");
    assert.deepEqual(wrong, []);
    await page.close();
  });

  test('every version there was is found, however many there are', async () => {
    const page = await world.open('dana', '/changes');
    await page.getByRole('heading', { level: 1 }).waitFor();
    const toItem = (version: number) => ({
      ...{ kind: 'access', version, author: 'policy file', authors: [], approver: null },
      ...{ publishedAt: 1_780_000_000 + version, digest: 'd' },
    });
    await page.route('**/api/v1/policies/access/versions?*', (route) => {
      const asked = new URL(route.request().url()).searchParams;
      const [limit, before] = [Number(asked.get('limit')), Number(asked.get('before') ?? 131)];
      const items = Array.from({ length: Math.min(limit, before - 1) }, (_, at) => toItem(before - 1 - at));
      return route.fulfill({ json: { items } });
    });
    await page.reload();
    const versions = page.getByRole('region', { name: 'Versions: Access' });
    await versions.getByRole('link', { name: 'v130', exact: true }).waitFor();
    await versions.getByText('The first 10 rows').waitFor();
    for (const shown of ['The first 60 rows', 'The first 110 rows', '130 rows']) {
      await versions.getByRole('button', { name: 'Show more' }).click();
      await versions.getByText(shown, { exact: true }).waitFor();
    }
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    checkComplaints(page);
    await page.close();
  });

  test('the palette opens nobody of a name that was typed before', async () => {
    const page = await world.open('dana', '/parts');
    await page.getByRole('heading', { level: 1, name: 'Parts and states' }).waitFor();
    await page.keyboard.press('Control+k');
    const field = page.getByRole('combobox', { name: 'Search or jump to' });
    await field.fill('bob');
    await page.getByRole('option', { name: /^Bob/ }).waitFor();
    await field.fill('carol');
    await page.keyboard.press('Enter');
    await page.evaluate('new Promise((done) => setTimeout(done, 600))');
    assert.equal(await page.getByRole('heading', { level: 1, name: 'Bob' }).count(), 0);
    await page
      .getByRole('option', { name: /^Carol/ })
      .first()
      .waitFor();
    checkComplaints(page);
    await page.close();
  });

  test('what was typed stays where another window says that somebody has signed in and the server is away', async () => {
    const page = await world.open('dana', '/parts');
    const note = page.getByLabel('Note for the record');
    await note.fill('half a sentence');
    await page.route('**/api/v1/me', (route) => route.abort());
    const asked = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/me'));
    const other = await page.context().newPage();
    await other.addInitScript('window.close = () => undefined');
    await other.goto(`${world.url}/signed-in`);
    await asked;
    await page.evaluate('new Promise((done) => setTimeout(done, 500))');
    assert.equal(await note.inputValue(), 'half a sentence');
    await page.unrouteAll();
    await other.close();
    checkComplaints(page);
    await page.close();
  });

  test('no address makes a page go white', async () => {
    const page = await world.open('dana', '/parts');
    const [alice] = await peopleIds(page, 'alice@');
    const paths = [
      '/people/%E0%A4%A4',
      '/people?q=%E0%A4',
      '/decisions?from=x&to=%00&since=__proto__&show=constructor',
      '/decisions?person=a&person=b&outcome=%22',
      '/access?cell=a%20b&fold=,,&only=x&cells=y',
      '/changes/access/NaN',
      '/changes/access/1e999',
      '/changes/foo/-1',
      '/reach?person=%F0%9F&at=p:%7C',
      '/audit?part=toString&about=__proto__',
      '/settings?part=constructor',
      '/people?tab=__proto__&active=1',
      '/groups/%20',
      '/clients/%24id',
      `/clients/${toSegment('https://app.example/client.json')}`,
      '/clients/~%21',
      '/?range=hasOwnProperty&as=1',
      `/people/${alice}?x[]=1&x[]=2`,
      '/decisions/%2e%2e',
      `/reach?person=${'a'.repeat(3000)}`,
      `/decisions?server=${'s'.repeat(400)}`,
      '/decisions?to=275760-09-14T00:00',
      '/decisions?from=275760-09-13T00:00:00.000Z',
      '/catalogue?url=javascript:alert(1)',
    ];
    const white: string[] = [];
    for (const path of paths) {
      await page.goto(`${world.url}${path}`);
      await page.evaluate('new Promise((done) => setTimeout(done, 400))');
      const [text, nav] = await page.evaluate<[string, number]>(
        "[document.body.innerText, document.querySelectorAll('nav').length]",
      );
      if (nav === 0 || text.length < 100 || /mistake of ours|Something went wrong|RangeError|URIError/i.test(text))
        white.push(`${path}: ${text.slice(0, 300)}`);
    }
    assert.deepEqual(white, []);
    checkComplaints(page);
    await page.close();
  });
});

async function requireSecondPerson(page: Page): Promise<void> {
  const { items } = await askWell<{ items: { version: number }[] }>(page, 'GET', '/policies/access/versions?limit=1');
  const { document } = await askWell<{ document: object }>(
    page,
    'GET',
    `/policies/access/versions/${items[0]?.version}`,
  );
  const body = { kind: 'access', name: 'Two people', document: { ...document, second_person: 'required' } };
  const { id, digest } = await askWell<{ id: string; digest: string }>(page, 'POST', '/drafts', { body });
  await askWell(page, 'POST', `/drafts/${id}/publish`, { body: { digest } });
}
