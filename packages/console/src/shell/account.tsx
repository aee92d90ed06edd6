import { Menu, useMantineColorScheme } from '@mantine/core';
import { useState } from 'react';
import { call } from '../data/api.ts';
import { Button } from '../parts/button.tsx';
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
        <Menu.Item onClick={() => void call('signOut', {}).finally(() => location.assign('/signed-out'))}>
          {sessionTexts.signOut}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
