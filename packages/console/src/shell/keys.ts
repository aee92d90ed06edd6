import { useEffect } from 'react';
import { pages } from '../pages/pages.ts';

/** What the keys of the shell do. */
export interface KeyActions {
  readonly palette: () => void;
  readonly help: () => void;
  readonly go: (path: string) => void;
}

const storageName = 'credence-keys';
/** How long `g` waits for its second key. */
const chordMs = 1200;

export function areKeysOn(): boolean {
  return localStorage.getItem(storageName) !== 'off';
}

export function switchKeys(isOn: boolean): void {
  localStorage.setItem(storageName, isOn ? 'on' : 'off');
}

/** Listens to the keyboard for the whole page. Single keys work only where nothing is typed and no dialog is open. */
export function useKeys(actions: KeyActions): void {
  useEffect(() => {
    let chordUntil = 0;
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        actions.palette();
        return;
      }
      if (!areKeysOn() || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (isTyping(event.target) || document.querySelector('[data-overlay]')) return;
      const isChord = event.timeStamp < chordUntil;
      chordUntil = 0;
      const page = isChord ? pages.find(({ key }) => key === event.key) : undefined;
      if (page) actions.go(page.path);
      else if (event.key === 'g') chordUntil = event.timeStamp + chordMs;
      else if (event.key === '?') actions.help();
      else if (!focusBy(event.key)) return;
      event.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [actions]);
}

/** `/` goes to what finds on the page, `j` and `k` into its first table. */
function focusBy(key: string): boolean {
  const selector = {
    '/': '[data-find]',
    j: '[data-rows] tbody tr[tabindex="0"]',
    k: '[data-rows] tbody tr[tabindex="0"]',
  }[key];
  const target = selector === undefined ? null : document.querySelector<HTMLElement>(selector);
  target?.focus();
  return target !== null;
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}
