import { Problem } from '../../problem.ts';
import {
  type Cryptoki,
  ck,
  type Handle,
  isDoneBefore,
  isWrongPin,
  loadDriver,
  lostError,
  nameOf,
  normalUser,
  objectClass,
  osLocking,
  session,
} from './cryptoki.ts';

export interface ConnectOptions {
  /** The library of the token's maker. */
  readonly module: string;
  /** Label of the token. */
  readonly token: string;
  readonly pin: string;
  /** Folder of the package that speaks PKCS #11, when not beside this program. */
  readonly driver: string | undefined;
}

/** Sessions with a token, logged in. */
export interface Connection {
  /** Runs `work` with a session that nobody else uses meanwhile: a session does one thing at a time. */
  withSession<T>(work: (session: Handle, cryptoki: Cryptoki) => Promise<T>): Promise<T>;
  /** The one private key of this label and id. */
  find(label: string, id: Buffer): Handle | undefined;
  /** A new connection in place of this one, which is lost. */
  again(): Connection;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

/** So many signatures are made at once; what comes on top waits. libuv has four threads for them. */
const sessions = 4;

/** Loads the module and opens a connection; throws `Problem` when that cannot be. */
export function connect(options: ConnectOptions): Connection {
  const cryptoki = loadDriver(options.driver);
  try {
    cryptoki.load(options.module);
    initialize(cryptoki);
  } catch (error) {
    throw new Problem(
      `keys.pkcs11.module: ${options.module} cannot be used: ${nameOf(error)}.`,
      'Name the PKCS #11 library of your token, and check what its own configuration needs.',
    );
  }
  return open(cryptoki, options);
}

function open(cryptoki: Cryptoki, options: ConnectOptions): Connection {
  const slot = findSlot(cryptoki, options.token);
  const openSession = () => cryptoki.C_OpenSession(slot, session.serial | session.readWrite);
  // Only called from the event loop, which never waits in it: nothing else can be under way here.
  const desk = openSession();
  logIn(cryptoki, desk, options);
  const all = Array.from({ length: sessions }, openSession);
  const idle = [...all];
  const waiting: ((session: Handle) => void)[] = [];
  const found = new Map<string, Handle>();

  let isLeft = false;
  let underWay = 0;
  let onQuiet: (() => void) | undefined;

  /** A session that a thread is using must not be closed under it: it is closed when it comes back. */
  const leave = (): void => {
    isLeft = true;
    for (const each of [desk, ...idle.splice(0)]) ignoring(always, () => cryptoki.C_CloseSession(each));
  };
  const giveBack = (own: Handle): void => {
    const next = waiting.shift();
    if (next) next(own);
    else if (isLeft) ignoring(always, () => cryptoki.C_CloseSession(own));
    else idle.push(own);
    underWay -= 1;
    if (underWay === 0) onQuiet?.();
  };

  return {
    async withSession(work) {
      if (isLeft) throw lostError();
      underWay += 1;
      const own = idle.pop() ?? (await new Promise<Handle>((resolve) => waiting.push(resolve)));
      try {
        return await work(own, cryptoki);
      } finally {
        giveBack(own);
      }
    },
    find(label, id) {
      const name = `${id.toString('hex')} ${label}`;
      const known = found.get(name) ?? findPrivateKey(cryptoki, desk, label, id);
      if (known) found.set(name, known);
      return known;
    },
    again() {
      leave();
      initialize(cryptoki);
      try {
        return open(cryptoki, options);
      } catch (error) {
        // Whoever asks next begins anew; some modules look for tokens only then.
        if (underWay === 0) ignoring(always, () => cryptoki.C_Finalize());
        throw error;
      }
    },
    async close() {
      leave();
      if (underWay > 0) await new Promise<void>((resolve) => (onQuiet = resolve));
      ignoring(always, () => cryptoki.C_Finalize());
    },
  };
}

function initialize(cryptoki: Cryptoki): void {
  ignoring(isDoneBefore, () => cryptoki.C_Initialize(osLocking));
}

function findSlot(cryptoki: Cryptoki, label: string): Handle {
  const slots = cryptoki.C_GetSlotList(true);
  const labels = slots.map((slot) => cryptoki.C_GetTokenInfo(slot).label.trimEnd());
  const fitting = slots.filter((_, at) => labels[at] === label);
  const [slot] = fitting;
  if (slot && fitting.length === 1) return slot;
  throw new Problem(
    `keys.pkcs11.token: ${fitting.length === 0 ? 'there is no' : 'there is more than one'} token ${JSON.stringify(label)}.`,
    `There are: ${labels.map((each) => JSON.stringify(each)).join(', ') || 'none'}. May this user reach it?`,
  );
}

/** A PIN that was wrong once is not tried again by itself: tokens lock themselves after a few tries. */
const refusedPins = new WeakSet<ConnectOptions>();

function logIn(cryptoki: Cryptoki, desk: Handle, options: ConnectOptions): void {
  try {
    if (refusedPins.has(options)) throw new Error('the PIN was refused before');
    ignoring(isDoneBefore, () => cryptoki.C_Login(desk, normalUser, options.pin));
  } catch (error) {
    if (isWrongPin(error)) refusedPins.add(options);
    throw new Problem(
      `The token ${JSON.stringify(options.token)} does not let us in: ${nameOf(error)}.`,
      'Check the PIN in keys.pkcs11.pinFile before starting again: tokens lock themselves after a few tries.',
    );
  }
}

function findPrivateKey(cryptoki: Cryptoki, desk: Handle, label: string, id: Buffer): Handle | undefined {
  cryptoki.C_FindObjectsInit(desk, [
    { type: ck.class, value: objectClass.private },
    { type: ck.label, value: label },
    { type: ck.id, value: id },
  ]);
  try {
    const objects = cryptoki.C_FindObjects(desk, 2);
    return objects.length === 1 ? objects[0] : undefined;
  } finally {
    cryptoki.C_FindObjectsFinal(desk);
  }
}

const always = () => true;

function ignoring(which: (error: unknown) => boolean, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!which(error)) throw error;
  }
}
