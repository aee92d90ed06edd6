// Preloaded by a node under test: its clock, and no other, can be set. SIGUSR2 sets it to what the file says now.
import { readFileSync } from 'node:fs';

const file = process.env.CREDENCE_TEST_SHIFT ?? '';
const RealDate = Date;
let shiftMs = 0;
/** By so many milliseconds; or only for so long, when a second number says so. */
const read = () => {
  const [by = 0, forMs] = readFileSync(file, 'utf8').split(' ').map(Number);
  shiftMs = by;
  if (forMs !== undefined) setTimeout(() => (shiftMs = 0), forMs);
};
if (file !== '') {
  read();
  process.on('SIGUSR2', read);
  const realNow = RealDate.now.bind(RealDate);
  const now = () => realNow() + shiftMs;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, self) => Reflect.construct(target, args.length === 0 ? [now()] : args, self),
    get: (target, name, self) => (name === 'now' ? now : Reflect.get(target, name, self)),
  });
}
