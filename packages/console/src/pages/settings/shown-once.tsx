import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/overlay.tsx';
import { settingsTexts as texts } from '../../texts/settings.ts';
import style from './settings.module.css';

/** A secret in the one moment in which it can be read. Nothing keeps it: it is gone with the dialog. */
export function ShownOnce({
  title,
  secret,
  onClose,
}: {
  readonly title: string;
  readonly secret: string;
  readonly onClose: () => void;
}) {
  const [isCopied, setCopied] = useState(false);
  return (
    <Dialog title={title} onClose={onClose}>
      <p className="quiet">{texts.once}</p>
      <textarea className={style.secret} aria-label={texts.value} readOnly rows={2} value={secret} />
      <div className={style.buttons}>
        <Button onClick={() => void navigator.clipboard.writeText(secret).then(() => setCopied(true))}>
          <span aria-live="polite">{isCopied ? texts.copied : texts.copy}</span>
        </Button>
        <Button kind="first" onClick={onClose}>
          {texts.done}
        </Button>
      </div>
    </Dialog>
  );
}
