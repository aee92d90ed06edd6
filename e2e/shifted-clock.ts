// Preloaded by a node under test: its clock, and no other, can be set. SIGUSR2 sets it to what the file says now.
import { readFileSync } from 'node:fs';

const file = process.env.CREDENCE_TEST_SHIFT ?? '';
const RealDate = Date;
let shiftMs = 0;
const read = () => {
  shiftMs = Number(readFileSync(file, 'utf8'));
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
