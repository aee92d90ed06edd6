import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findQuestions, namingWords, personWord } from './palette-questions.ts';

const servers = [
  { id: 'tracker', name: 'Tracker', scopes: [{ name: 'issues:read' }, { name: 'issues:write' }] },
  { id: 'files', name: 'Company documents', scopes: [{ name: 'files:read' }] },
];
const clients = [{ id: 'claude-code', name: 'Claude Code' }];
const carol = { id: 'u_carol', name: 'Carol' };
const ask = (text: string, people: readonly (typeof carol)[] = []) =>
  findQuestions(text, { people, servers, clients }).map(({ title, asked }) => `${title} ${new URLSearchParams(asked)}`);

describe('what a question in the palette may mean', () => {
  test('a person and a server', () => {
    assert.equal(
      ask('How can carol reach tracker?', [carol])[0],
      'How can Carol reach Tracker? person=u_carol&server=tracker',
    );
    assert.equal(ask('carol track', [carol])[0], 'How can Carol reach Tracker? person=u_carol&server=tracker');
  });

  test('a server and a scope of it, by a part of its name', () => {
    assert.deepEqual(ask('Who can write to tracker?'), [
      'Who can use issues:write on Tracker? server=tracker&scope=issues%3Awrite',
      'Who can reach Tracker? server=tracker',
    ]);
  });

  test('a server, a client or a person alone', () => {
    assert.deepEqual(ask('company documents'), ['Who can reach Company documents? server=files']);
    assert.deepEqual(ask('where may claude go'), ['Where may Claude Code go? client=claude-code']);
    assert.deepEqual(ask('carol', [carol]), ['What can Carol reach? person=u_carol']);
    assert.deepEqual(ask('nothing like it'), []);
  });

  test('who is looked for is the word that names nothing else', () => {
    assert.equal(personWord('How can carol reach tracker?', { servers, clients }), 'carol');
    assert.equal(personWord('track', { servers, clients }), undefined);
    assert.deepEqual(namingWords('c tracker'), ['tracker'], 'a letter names nothing');
    assert.deepEqual(namingWords('How can o.neill@acme.example reach the Tracker?'), [
      'o.neill@acme.example',
      'tracker',
    ]);
  });
});
