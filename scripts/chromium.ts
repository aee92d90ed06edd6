import { accessSync, constants } from 'node:fs';

const usual = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Path of the browser for the browser tests: `$CHROMIUM`, else where systems put it. Throws with the way out. */
export function findChromium(): string {
  const candidates = process.env.CHROMIUM ? [process.env.CHROMIUM] : usual;
  const found = candidates.find(isExecutable);
  if (found !== undefined) return found;
  throw new Error(
    `no Chromium at ${candidates.join(', ')}: install the Debian package "chromium" ` +
      '(apt-get install chromium), or set CHROMIUM to the path of a Chrome or Chromium',
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
