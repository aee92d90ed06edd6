import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { accessOf } from '../../scripts/large-model.ts';
import { suiteScope } from '../harness.ts';
import { askWell } from './api.ts';
import { type ConsoleWorld, checkComplaints, checkLooks, startConsole } from './harness.ts';

describe('the matrix of access', () => {
  const scope = suiteScope(after);
  let world: ConsoleWorld;
  before(async () => {
    world = await startConsole(scope);
  });

  test('by the keyboard: to a cell, into it, what it says, and back out', async () => {
    const page = await world.open('dana', '/access');
    await goTo(page, ['ArrowDown', 'ArrowRight'], /^engineering on Company documents: low risk all/);
    await page.keyboard.press('Enter');
    await focused(page, 'files:read');
    await page.getByText('may do everything on Company documents.').waitFor();
    assert.match(page.url(), /\?cell=/);
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { level: 2, name: /^engineering on/ }).waitFor({ state: 'detached' });
    await focused(page, /^engineering on Company documents/);
    for (const [key, name] of [
      ['End', /^engineering on Personal memory/],
      ['Home', /^engineering on Everything/],
      ['PageDown', /^contractor on Everything/],
      ['PageUp', /^Everyone on Everything/],
    ] as const) {
      await page.keyboard.press(key);
      await focused(page, name);
    }
    await page.keyboard.press('ArrowUp');
    await page.getByRole('link', { name: 'Everything (test tools)' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.press('ArrowDown');
    await focused(page, /^Everyone on Everything/);
    await page.keyboard.press('ArrowLeft');
    await page.locator('[data-at="0 -1"]:focus').waitFor();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('link', { name: 'engineering' }).and(page.locator(':focus')).waitFor();
    checkComplaints(page);
    await page.close();
  });

  test('the address carries what is looked for and what is open; nothing found is said', async () => {
    const page = await world.open('dana', '/access?q=contr&client=claude-code');
    await page.getByRole('button', { name: 'contractor on Company documents: refused by a rule' }).click();
    await page.getByText('may do nothing on Company documents.').waitFor();
    await page.reload();
    await page.getByText('may do nothing on Company documents.').waitFor();
    await page.getByRole('row', { name: /^People who reach it 1 2/ }).waitFor();
    await page.getByRole('searchbox', { name: 'Find a group' }).fill('nobody');
    await page.getByText('No group and server are left by what you look for.').waitFor();
    checkComplaints(page);
    await page.close();
  });

  test('narrow a scope to one client until Friday, by the keyboard alone', async (t) => {
    const page = await world.open('dana', '/access');
    await goTo(page, ['ArrowDown', 'ArrowDown', 'ArrowRight'], /^marketing on Company documents/);
    await page.keyboard.press('Enter');
    await focused(page, 'files:read');
    await tabTo(page, 'Claude Code');
    await page.keyboard.press('Space');
    const says = page.getByRole('status').filter({ hasText: 'marketing' });
    await says.getByText(/1 person in marketing/).waitFor();
    await tabTo(page, 'Until a day');
    await page.keyboard.press('Space');
    await tabTo(page, 'Friday');
    const counted = page.waitForResponse(/\/diff$/);
    const started = performance.now();
    await page.keyboard.press('Enter');
    await counted;
    await page.locator('[role=status][aria-busy=false]').waitFor();
    const ms = Math.round(performance.now() - started);
    t.diagnostic(`counted again after ${ms} ms`);
    // 300 ms on a quiet machine; here others work at the same time.
    assert.ok(ms < 20_000, `counted again after ${ms} ms`);
    await checkLooks(page, 'access-conditions');
    await page.keyboard.press('Control+Enter');
    await focused(page, /^marketing on Company documents: .*with conditions; changed by the draft$/);

    await page.getByRole('button', { name: 'Changed by draft' }).click();
    await page
      .getByRole('button', { name: /^engineering on/ })
      .first()
      .waitFor({ state: 'detached' });
    assert.equal(await page.locator('[data-changed]').count(), 1);
    const { rules } = await draftOf(page);
    const rule = rules.find(({ id }) => id === 'marketing-reads-files');
    assert.deepEqual(rule?.through, ['claude-code']);
    assert.equal(new Date(`${rule?.until}T00:00:00Z`).getUTCDay(), 5);
    await page.getByRole('button', { name: 'Leave' }).click();
    await page
      .getByRole('button', { name: /^engineering on/ })
      .first()
      .waitFor();
    checkComplaints(page);
    await page.close();
  });

  test('keys choose in an open cell, undo takes all of it back, and keys can be switched off', async () => {
    const page = await world.open('dana', '/access');
    await goTo(page, ['ArrowDown', 'ArrowDown', 'End'], /^marketing on Personal memory: no rule/);
    await page.keyboard.press('Enter');
    await focused(page, 'memory:read');
    const choice = page.getByRole('group', { name: 'memory:read in the draft' });
    await choice.waitFor(); // before there is a choice, keys choose nothing
    for (const [key, chosen] of [
      ['a', 'Allow'],
      ['x', 'Refuse'],
      ['n', 'Not given'],
      ['a', 'Allow'],
    ] as const) {
      await page.keyboard.press(key);
      await choice.getByRole('button', { name: chosen, exact: true, pressed: true }).waitFor();
    }
    // Faster than any of them is saved: the last is what counts.
    for (const key of ['x', 'n', 'a']) await page.keyboard.press(key);
    await choice.getByRole('button', { name: 'Allow', exact: true, pressed: true }).waitFor();
    await page.keyboard.press('ArrowDown');
    await focused(page, 'memory:write');
    await page.getByText(/1 person in marketing gains memory:read on Personal memory/).waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await choice.getByRole('button', { name: 'Not given', pressed: true }).waitFor();
    // Touches that were not saved yet are saved before it.
    const isLeft = async () => (await draftOf(page)).rules.some(({ id }) => id.startsWith('marketing-memory'));
    for (let tries = 0; (await isLeft()) && tries < 200; tries += 1) await page.waitForTimeout(100);
    assert.equal(await isLeft(), false);

    await page.evaluate("localStorage.setItem('credence-keys', 'off')");
    await page.locator('tr[data-scope="memory:read"]').focus();
    await page.keyboard.press('a');
    await page.keyboard.press('ArrowDown');
    await focused(page, 'memory:write');
    assert.equal(await choice.getByRole('button', { name: 'Allow', exact: true, pressed: true }).count(), 0);
    await page.evaluate("localStorage.removeItem('credence-keys'); localStorage.removeItem('credence-draft')");
    checkComplaints(page);
    await page.close();
  });

  test('500 groups and 1,000 servers: opens on what there is, folds, finds both ways, and moves without a stutter', async () => {
    const page = await world.open('dana', '/access');
    await page
      .getByRole('button', { name: /^engineering on/ })
      .first()
      .waitFor();
    await publishSize(page, 10_000);
    const started = performance.now();
    await page.goto(`${world.url}/access`);
    await page
      .getByRole('button', { name: / on build-1: / })
      .first()
      .waitFor();
    console.log(`the matrix of 500 groups and 1,000 servers opens in ${Math.round(performance.now() - started)} ms`);
    const frames = await scrollFrames(page);
    console.log(`frames while it scrolls: median ${frames.median} ms, slowest of twenty ${frames.slow} ms`);
    // 16 ms on a quiet machine; this bound is for one on which others work.
    assert.ok(frames.median < 1000, `a frame takes ${frames.median} ms`);
    await page
      .locator('section')
      .filter({ has: page.getByRole('grid') })
      .evaluate((each) => each.scrollTo(0, 0));

    await page.getByRole('button', { name: 'Fold all areas' }).click();
    await page.getByRole('button', { name: /^Everyone on Work, 167 servers/ }).waitFor();
    assert.equal(await page.getByRole('columnheader', { name: /servers$/ }).count(), 6);
    await checkLooks(page, 'access-folded');
    await page.getByRole('button', { name: /^Everyone on Build, 167 servers/ }).click();
    await page
      .getByRole('button', { name: / on build-1: / })
      .first()
      .waitFor();

    await page.getByRole('searchbox', { name: 'Find a group' }).fill('group-42');
    await page.getByRole('searchbox', { name: 'Find a server' }).fill('build-1');
    await page
      .getByRole('button', { name: /^group-42\d? on build-1/ })
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'High risk only' }).click();
    await page
      .getByRole('button', { name: / on work-/ })
      .first()
      .waitFor({ state: 'detached' });
    assert.match(page.url(), /cells=high/);
    checkComplaints(page);
    await page.close();
  });

  test('somebody publishes just before the first touch: no draft is begun of what is no more, and the next touch is of what is in force', async () => {
    const page = await world.open('dana', '/access?server=build-1');
    const { version } = await policyInForce(page);
    await page
      .getByRole('button', { name: / on build-1: / })
      .first()
      .click();
    const refuse = page.locator('tr[data-scope]').first().getByRole('button', { name: 'Refuse', exact: true });
    await refuse.waitFor();
    const before = await draftsOf(page);
    await page.route(
      /\/api\/v1\/drafts\?document=none$/,
      async (route) => {
        await publishSize(page, 9_999);
        await route.continue();
      },
      { times: 1 },
    );
    await refuse.click();
    await page.getByText(`Version ${version + 1} is in force by now, not ${version}.`).waitFor();
    assert.deepEqual(await draftsOf(page), before);
    await refuse.and(page.locator('[aria-pressed=false]')).waitFor();
    await refuse.click();
    await page.getByRole('button', { name: 'Leave' }).waitFor();
    const id = await page.evaluate("localStorage.getItem('credence-draft')");
    const { base } = await askWell<{ base: number }>(page, 'GET', `/drafts/${id}`);
    assert.equal(base, version + 1);
    checkComplaints(page);
    await page.close();
  });
});

async function policyInForce(page: Page): Promise<{ version: number }> {
  const { items } = await askWell<{ items: [{ version: number }] }>(page, 'GET', '/policies/access/versions?limit=1');
  return items[0];
}

async function draftsOf(page: Page): Promise<readonly string[]> {
  const { items } = await askWell<{ items: { id: string }[] }>(page, 'GET', '/drafts');
  return items.map(({ id }) => id);
}

/** From the first cell by these keys; each has arrived before the next is pressed. */
async function goTo(page: Page, keys: readonly string[], name: RegExp): Promise<void> {
  const first = page.locator('[data-at="0 0"]');
  await first.focus();
  let [row, column] = [0, 0];
  const last = (await page.getByRole('columnheader').count()) - 2;
  for (const key of keys) {
    await page.keyboard.press(key);
    if (key === 'ArrowDown') row += 1;
    else column = key === 'End' ? last : column + 1;
    await page.locator(`[data-at="${row} ${column}"]:focus`).waitFor();
  }
  await focused(page, name);
}

/** Waits until the cell, or the scope in an open cell, that is called so has the focus. */
function focused(page: Page, name: string | RegExp): Promise<void> {
  const place =
    typeof name === 'string' ? page.locator(`tr[data-scope="${name}"]`) : page.getByRole('button', { name });
  return place.and(page.locator(':focus')).waitFor();
}

async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate<string>(
      '(document.activeElement.labels?.[0] ?? document.activeElement).innerText.trim()',
    );
    if (at === name) return;
  }
  assert.fail(`Tab does not lead to ${name}`);
}

/** Rules of the draft that this browser works on. */
async function draftOf(page: Page): Promise<{ rules: { id: string; through?: string[]; until?: string }[] }> {
  const id = await page.evaluate("localStorage.getItem('credence-draft')");
  const { document } = await askWell<{ document: Awaited<ReturnType<typeof draftOf>> }>(page, 'GET', `/drafts/${id}`);
  return document;
}

/** Puts a large policy into force, as somebody at this page may. */
async function publishSize(page: Page, rules: number): Promise<void> {
  const document = accessOf({ people: 0, groups: 500, servers: 1000, rules });
  const body = { kind: 'access', name: 'Large', document };
  const { id, digest } = await askWell<{ id: string; digest: string }>(page, 'POST', '/drafts', { body });
  await askWell(page, 'POST', `/drafts/${id}/publish`, { body: { digest } });
}

/** How long frames take while the matrix scrolls down and to the right, forty steps each. */
function scrollFrames(page: Page): Promise<{ median: number; slow: number }> {
  return page.evaluate(`(async () => {
    const box = document.querySelector('[role=grid]').parentElement;
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const times = [];
    let before = await frame();
    for (let step = 1; step <= 80; step += 1) {
      box.scrollBy(step > 40 ? 34 : 0, step > 40 ? 0 : 30);
      const now = await frame();
      times.push(now - before);
      before = now;
    }
    times.sort((a, b) => a - b);
    return { median: Math.round(times[40]), slow: Math.round(times[76]) };
  })()`);
}
