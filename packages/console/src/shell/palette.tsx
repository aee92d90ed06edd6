import { Modal } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useId, useState } from 'react';
import { useRead } from '../data/api.ts';
import { useMe } from '../data/me.ts';
import { places } from '../parts/name.tsx';
import { paletteTexts as texts } from '../texts/shell.ts';
import type { KeyActions } from './keys.ts';
import style from './palette.module.css';
import { type Found, findActions, findPages, idIn, matches } from './palette-find.ts';
import { findQuestions, personWord } from './palette-questions.ts';
import { Glass } from './seal.tsx';

/** Search or jump to: things first, then pages, then what can be done. An id or a URL that is pasted opens what it names. */
export function Palette({ actions, onClose }: { readonly actions: KeyActions; readonly onClose: () => void }) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const listId = useId();
  const sections = useFound(text.trim(), actions);
  const all = sections.flatMap(({ found }) => found);
  const current = Math.min(at, all.length - 1);
  const open = (found: Found | undefined) => {
    if (!found) return;
    onClose();
    if (found.run) found.run();
    else actions.go(found.to);
  };
  return (
    <Modal
      opened
      onClose={onClose}
      size={620}
      yOffset={104}
      padding={0}
      withCloseButton={false}
      attributes={{ root: { 'data-overlay': '' }, content: { 'aria-label': texts.title } }}
    >
      <div className={style.top}>
        <Glass />
        <input
          data-autofocus
          role="combobox"
          aria-label={texts.title}
          aria-expanded="true"
          aria-controls={listId}
          aria-activedescendant={all[current] ? `${listId}-${current}` : undefined}
          autoComplete="off"
          spellCheck={false}
          placeholder={texts.placeholder}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
          onKeyDown={(event) => {
            const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
            if (event.key === 'Enter') open(all[current]);
            else if (step) setAt((current + step + all.length) % Math.max(all.length, 1));
            else return;
            event.preventDefault();
          }}
        />
        <kbd>Esc</kbd>
      </div>
      <div className={style.list} id={listId} role="listbox" aria-label={texts.title}>
        {sections.map(({ title, found }) => (
          // biome-ignore lint/a11y/useSemanticElements: a group of options, not of fields
          <div key={title} role="group" aria-label={title}>
            <p aria-hidden="true">{title}</p>
            {found.map((each) => {
              const index = all.indexOf(each);
              return (
                // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the field above
                <div
                  key={each.to + each.title}
                  id={`${listId}-${index}`}
                  role="option"
                  tabIndex={-1}
                  aria-selected={index === current}
                  className={style.option}
                  onClick={() => open(each)}
                  onPointerMove={() => setAt(index)}
                >
                  <span>{each.title}</span>
                  {each.remark !== undefined && <span className={style.remark}>{each.remark}</span>}
                </div>
              );
            })}
          </div>
        ))}
      </div>
      <p className={style.none} role="status">
        {all.length === 0 ? texts.none : <span className="only-read-aloud">{texts.results(all.length)}</span>}
      </p>
      <div className={style.foot}>
        <span>
          <kbd>↑</kbd> <kbd>↓</kbd> {texts.choose}
        </span>
        <span>
          <kbd>Enter</kbd> {texts.openIt}
        </span>
      </div>
    </Modal>
  );
}

/** What a text finds, by section; sections without anything are left out. */
function useFound(
  text: string,
  actions: KeyActions,
): readonly { readonly title: string; readonly found: readonly Found[] }[] {
  const { permissions } = useMe();
  const may = (permission: (typeof permissions)[number]) => permissions.includes(permission);
  const [later] = useDebouncedValue(text, 150);
  const enabled = later.length > 1 && may('read:people');
  const people = useRead('listPeople', { query: { q: later.slice(0, 100), limit: 5 } }, { enabled });
  const servers = useRead('listServers', {}, { enabled: may('read:policy') });
  const clients = useRead('listClients', { query: {} }, { enabled: may('read:policy') });
  const things = {
    servers: servers.data?.value.granted ?? [],
    clients: (clients.data?.value.items ?? []).filter(({ side }) => side === 'idp'),
  };
  const asks = may('read:reach') && later.length > 1;
  const word = asks ? personWord(later, things)?.slice(0, 100) : undefined;
  const meant = useRead(
    'listPeople',
    { query: { q: word ?? '', limit: 5 } },
    { enabled: enabled && word !== undefined },
  );
  const id = idIn(text);
  const { sections } = texts;
  const named = text.length > 0;
  return [
    {
      title: sections.open,
      found:
        id === undefined || !may('read:audit')
          ? []
          : [{ title: texts.decision(id), remark: texts.record, to: places.decision(id) }],
    },
    {
      title: sections.people,
      // Not those of a name that was typed before this one.
      found: (enabled && later === text && people.data?.value.items ? people.data.value.items : []).map(
        ({ id: to, name, email }) => ({
          title: name,
          remark: email,
          to: places.person(to),
        }),
      ),
    },
    {
      title: sections.servers,
      found: (named ? things.servers : [])
        .filter((server) => matches(text, server.name, server.id, server.resource))
        .slice(0, 5)
        .map(({ id: to, name, resource }) => ({ title: name, remark: resource, to: places.server(to) })),
    },
    {
      title: sections.clients,
      found: (named ? things.clients : [])
        .filter((client) => matches(text, client.name, client.id))
        .slice(0, 5)
        .map(({ id: to, name }) => ({ title: name, remark: to, to: places.client(to) })),
    },
    {
      title: sections.questions,
      found:
        asks && later === text && named
          ? findQuestions(text, { people: word === undefined ? [] : (meant.data?.value.items ?? []), ...things }).map(
              ({ title, asked }) => ({ title, to: places.reach(asked) }),
            )
          : [],
    },
    { title: sections.pages, found: findPages(text, permissions) },
    { title: sections.actions, found: findActions(text, actions) },
  ].filter(({ found }) => found.length > 0);
}
