import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { html } from './html.ts';

describe('values in markup', () => {
  const table: [name: string, value: string, markup: string][] = [
    ['a tag', '<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
    ['an attribute that tries to close', '" autofocus onfocus="x', '&quot; autofocus onfocus=&quot;x'],
    ['a single quote', "it's", 'it&#39;s'],
    ['an entity', '&lt;', '&amp;lt;'],
    ['text that reads backwards', 'Claude\u202EedoC', 'Claude\uFFFDedoC'],
    ['a line break in a name', 'a\nb', 'a\uFFFDb'],
    ['words in tags that nobody sees', 'a\u{E0041}\u{E0042}\u00AD\u3164', 'a\uFFFD\uFFFD\uFFFD\uFFFD'],
    ['the look of an emoji', 'Ann \u2764\uFE0F', 'Ann \u2764\uFE0F'],
    ['letters of other scripts', 'Žofie 陳', 'Žofie 陳'],
  ];
  for (const [name, value, markup] of table) {
    test(`${name} cannot leave its place`, () => assert.equal(String(html`<b>${value}</b>`), `<b>${markup}</b>`));
  }

  test('markup inside markup is kept, also in lists; nothing leaves nothing', () => {
    const items = ['a', '<b>'].map((item) => html`<li>${item}</li>`);
    assert.equal(String(html`<ul>${items}</ul>${undefined}${false}`), '<ul><li>a</li><li>&lt;b&gt;</li></ul>');
  });

  test('an object that prints as markup is escaped like any text', () => {
    const impostor = { toString: () => '<script>' } as unknown as string;
    assert.equal(String(html`${impostor}`), '&lt;script&gt;');
  });
});
