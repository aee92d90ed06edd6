import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  describeMethods,
  passkeyStrength,
  passwordAlone,
  passwordAndApp,
  passwordAndRecoveryCode,
} from './strength.ts';

describe('how somebody signed in, in words for the record', () => {
  const table: [amr: readonly string[], words: string][] = [
    [passwordAlone.amr, 'password'],
    [passwordAndApp.amr, 'password and authenticator app'],
    [passwordAndRecoveryCode.amr, 'password and recovery code'],
    [passkeyStrength(false, false).amr, 'passkey'],
    [passkeyStrength(true, true).amr, 'password and passkey'],
    [['otp'], 'authenticator app'],
    [['mfa'], 'unknown means'],
    [[], 'unknown means'],
  ];
  for (const [amr, words] of table) {
    test(`${amr.join(' ') || 'nothing'}: ${words}`, () => assert.equal(describeMethods(amr), words));
  }
});

describe('RFC 8176: what a passkey proves, and no more', () => {
  const table: [name: string, isSynced: boolean, withPassword: boolean, amr: string][] = [
    ['alone', false, false, 'pop user mfa'],
    ['copied between devices', true, false, 'pop swk user mfa'],
    ['after a password', false, true, 'pwd pop user mfa'],
    ['both', true, true, 'pwd pop swk user mfa'],
  ];
  for (const [name, isSynced, withPassword, amr] of table) {
    test(`${name}: ${amr}`, () => assert.equal(passkeyStrength(isSynced, withPassword).amr.join(' '), amr));
  }
});
