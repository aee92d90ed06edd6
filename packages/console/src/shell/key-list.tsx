import { Fragment } from 'react';
import { pages } from '../pages/pages.ts';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/overlay.tsx';
import { keyTexts, shellTexts } from '../texts/shell.ts';

/** Every key, by `?`. */
export function KeyList({ onClose }: { readonly onClose: () => void }) {
  const list: readonly [keys: readonly string[], words: string][] = [
    [['Ctrl', 'K'], keyTexts.palette],
    [['/'], keyTexts.find],
    [['j', 'k'], keyTexts.rows],
    [['Enter'], keyTexts.open],
    [['Esc'], keyTexts.close],
    ...pages.flatMap(({ key, title }): [string[], string][] => (key ? [[['g', key], keyTexts.go(title)]] : [])),
    [['←', '→', '↑', '↓'], keyTexts.cells],
    [['Home', 'End', 'PgUp', 'PgDn'], keyTexts.ends],
    [['a', 'n', 'x'], keyTexts.choose],
    [['Ctrl', 'Enter'], keyTexts.keep],
    [['?'], keyTexts.help],
  ];
  return (
    <Dialog title={keyTexts.title} onClose={onClose}>
      <dl className="facts">
        {list.map(([keys, words]) => (
          <Fragment key={words}>
            <dt>
              {keys.map((key) => (
                <Fragment key={key}>
                  <kbd>{key}</kbd>{' '}
                </Fragment>
              ))}
            </dt>
            <dd>{words}</dd>
          </Fragment>
        ))}
      </dl>
      <p className="remark">{keyTexts.lead}</p>
      <div className="row">
        <Button data-autofocus onClick={onClose}>
          {shellTexts.close}
        </Button>
      </div>
    </Dialog>
  );
}
