import { Menu, useMantineColorScheme } from '@mantine/core';
import { useState } from 'react';
import { endSession } from '../data/api.ts';
import { Button } from '../parts/button.tsx';
import { tell } from '../parts/notes.tsx';
import { announce } from '../session/sign-in.ts';
import { sessionTexts } from '../texts/session.ts';
import { shellTexts } from '../texts/shell.ts';
import { areKeysOn, switchKeys } from './keys.ts';

const schemes = ['light', 'dark', 'auto'] as const;

/** Colours, keys, and the way out. */
export function Account() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [isOn, setOn] = useState(areKeysOn);
  return (
    <Menu position="top-end">
      <Menu.Target>
        <Button small aria-label={shellTexts.account}>
          ···
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{shellTexts.theme}</Menu.Label>
        {schemes.map((scheme) => (
          <Menu.Item
            key={scheme}
            role="menuitemradio"
            aria-checked={colorScheme === scheme}
            onClick={() => setColorScheme(scheme)}
          >
            {colorScheme === scheme ? '✓ ' : ''}
            {shellTexts.themes[scheme]}
          </Menu.Item>
        ))}
        <Menu.Label>{shellTexts.keyboard}</Menu.Label>
        <Menu.Item
          role="menuitemcheckbox"
          aria-checked={isOn}
          onClick={() => {
            switchKeys(!isOn);
            setOn(!isOn);
          }}
        >
          {isOn ? '✓ ' : ''}
          {shellTexts.keysOn}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item onClick={() => void leave()}>{sessionTexts.signOut}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** Nobody is told that they are signed out before the server has said so. */
async function leave(): Promise<void> {
  if (!(await endSession())) return tell(sessionTexts.stillIn);
  announce('out');
  location.assign('/signed-out');
}
