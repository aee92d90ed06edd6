import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Context } from './layer.ts';
import type { SignInOptions } from './options.ts';
import { isHttps } from './provider.ts';

/**
 * Knows a browser again by a cookie of ours and by nothing else: no fingerprint is taken, and no list is kept here. The
 * cookie names no one; it carries, for each of the last people who signed in with it, a mark that only we can make.
 */
export interface Devices {
  /** True when this person has not signed in with this browser before, as far as its cookie tells; marks it. */
  isNew(context: Context, personId: string): boolean;
  /** Names the browser to whoever counts, if this person has signed in with it before. */
  known(context: Context, personId: string): string | undefined;
}

const maxPeople = 8;
/** As long as browsers keep any cookie. */
const seconds = 400 * 86_400;

export function createDevices(options: Pick<SignInOptions, 'cookieKeys' | 'issuer'>): Devices {
  const { cookieKeys: keys } = options;
  const secure = isHttps(options);
  const name = secure ? '__Host-credence_device' : 'credence_device';
  const settings = { path: '/', httpOnly: true, sameSite: 'lax', signed: true, secure, overwrite: true } as const;

  const read = (context: Context) => (context.cookies.get(name, { signed: true }) ?? '').split('.');

  return {
    known(context, personId) {
      const [device = '', ...marks] = read(context);
      return marks.some((mark) => isMark(mark, device, personId, keys)) ? device : undefined;
    },

    isNew(context, personId) {
      const [known = '', ...marks] = read(context);
      const device = /^[\w-]{22}$/.test(known) ? known : randomBytes(16).toString('base64url');
      const isKnown = device === known && marks.some((mark) => isMark(mark, device, personId, keys));
      const [key = ''] = keys;
      const fresh = toMark(device, personId, key);
      const kept = device === known ? marks.filter((mark) => !isMark(mark, device, personId, keys)) : [];
      const value = [device, fresh, ...kept.slice(0, maxPeople - 1)].join('.');
      context.cookies.set(name, value, { ...settings, maxAge: seconds * 1000 });
      return !isKnown;
    },
  };
}

function isMark(mark: string, device: string, personId: string, keys: readonly string[]): boolean {
  return keys.some((key) => {
    const expected = Buffer.from(toMark(device, personId, key));
    const presented = Buffer.from(mark);
    return presented.length === expected.length && timingSafeEqual(presented, expected);
  });
}

function toMark(device: string, personId: string, key: string): string {
  return createHmac('sha256', key)
    .update(JSON.stringify(['device', device, personId]))
    .digest('base64url')
    .slice(0, 22);
}
