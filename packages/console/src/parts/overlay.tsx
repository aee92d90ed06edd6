import { Modal } from '@mantine/core';
import { useState } from 'react';
import { partTexts } from '../texts/parts.ts';
import { Button } from './button.tsx';
import { Field } from './field.tsx';
import style from './overlay.module.css';

/**
 * A dialog: the focus stays in it, Escape closes it, and it goes back to where it was. A click beside it is none of its buttons: what was
 * typed, or is shown this once, would be gone.
 */
export function Dialog({
  title,
  onClose,
  wide = false,
  whileAway = false,
  children,
}: {
  readonly title: React.ReactNode;
  readonly onClose: () => void;
  readonly wide?: boolean;
  /** Is seen over a page that was taken off the screen. */
  readonly whileAway?: boolean;
  readonly children: React.ReactNode;
}) {
  return (
    <Modal.Root
      opened
      closeOnClickOutside={false}
      onClose={onClose}
      size={wide ? 760 : 540}
      attributes={{ root: { 'data-overlay': '', ...(whileAway && { 'data-while-away': '' }) } }}
    >
      <Modal.Overlay />
      <Modal.Content>
        <div className={style.dialog}>
          <Modal.Title>{title}</Modal.Title>
          {children}
        </div>
      </Modal.Content>
    </Modal.Root>
  );
}

/**
 * For what cannot be undone, and for that alone. The consequence is the title; the button repeats verb and number; where many
 * people are touched, the name has to be typed.
 */
export function Confirm({
  consequence,
  children,
  action,
  typed,
  onDo,
  onClose,
}: {
  readonly consequence: React.ReactNode;
  readonly children?: React.ReactNode;
  /** Verb and number, such as `Stop 312 agents`. */
  readonly action: string;
  /** What has to be typed first. */
  readonly typed?: string | undefined;
  readonly onDo: () => void;
  readonly onClose: () => void;
}) {
  const [text, setText] = useState('');
  const isTyped = typed === undefined || text === typed;
  return (
    <Dialog title={consequence} onClose={onClose}>
      <form
        className={style.confirm}
        onSubmit={(event) => {
          event.preventDefault();
          if (isTyped) onDo();
        }}
      >
        {children && <div className="quiet">{children}</div>}
        {typed !== undefined && (
          <Field
            label={partTexts.typeIt(typed)}
            value={text}
            autoComplete="off"
            onChange={(event) => setText(event.target.value)}
          />
        )}
        <div className={style.buttons}>
          <Button onClick={onClose}>{partTexts.cancel}</Button>
          <Button type="submit" kind="danger" disabled={!isTyped}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
