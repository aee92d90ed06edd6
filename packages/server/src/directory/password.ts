import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** Cost of one guess: OWASP's second choice for argon2id, about 40 ms here. What a hash was made with is written in it. */
const cost = { memory: 19_456, passes: 2, parallelism: 1 };
const tagLength = 32;

/** Each hash takes 19 MiB and a thread that the file system and DNS need too. */
const maxRunning = 2;
/** A queue longer than this would make people wait for seconds: they are told to try again instead. */
const maxWaiting = 100;
/** Of those who are known: nobody takes the places of all the others. */
const maxWaitingOfOne = 5;

/** Thrown when more passwords arrive than can be checked; the page says so with a 503. */
export class TooBusy extends Error {
  override readonly name = 'TooBusy';
}

/**
 * Hashes a password with argon2id; the answer is a PHC string, which says how it was made.
 * @param known - the person who shows that they are let in by a browser or a link of theirs: they go before those who are new (IDP-38)
 */
export async function hashPassword(password: string, known?: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, { ...cost, tagLength }, known);
  const { memory, passes, parallelism } = cost;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${toBase64(salt)}$${toBase64(hash)}`;
}

/**
 * True when `password` is the one that `phc` was made of. Every call takes as long as the hash says, right or wrong.
 * @param known - as above
 */
export async function verifyPassword(password: string, phc: string, known?: string): Promise<boolean> {
  const { salt, hash, ...kept } = parsePhc(phc);
  const derived = await derive(password, salt, { ...kept, tagLength: hash.length }, known);
  return timingSafeEqual(derived, hash);
}

/** Takes as long as a check that fails, for people who are not there: the time taken tells nothing (IDP-38). */
export async function spendTheTimeOfACheck(password: string, known?: string): Promise<void> {
  await derive(password, randomBytes(16), { ...cost, tagLength }, known);
}

interface Cost {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** A row that is not a PHC string of ours is a broken store, not a wrong password. */
function parsePhc(phc: string): Cost & { salt: Buffer; hash: Buffer } {
  const pattern = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d)\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;
  const [, memory, passes, parallelism, salt = '', hash = ''] = pattern.exec(phc) ?? [];
  if (hash === '') throw new Error('a password hash in the store is not an argon2id PHC string');
  return {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
}

/** PHC strings carry base64 without padding. */
function toBase64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

interface Waiting {
  readonly known: string | undefined;
  readonly go: () => void;
}

const argon2id = promisify(argon2);
/** Two lines, so that whoever is new, and fails on purpose, is never in the place of somebody who is known (IDP-38). */
const lineOfKnown: Waiting[] = [];
const lineOfNew: Waiting[] = [];
let running = 0;

/** The one way to argon2 in this process: at most {@link maxRunning} at once, the others in line. */
async function derive(
  password: string,
  nonce: Buffer,
  { memory, passes, parallelism, tagLength }: Cost & { readonly tagLength: number },
  known: string | undefined,
): Promise<Buffer> {
  await placeOf(known);
  try {
    // NFKC: the same password typed on another keyboard may arrive composed differently (NIST SP 800-63B §3.1.1.2).
    const message = Buffer.from(password.normalize('NFKC'));
    return await argon2id('argon2id', { message, nonce, memory, passes, parallelism, tagLength });
  } finally {
    const next = nextInLine();
    if (next) next.go();
    else running -= 1;
  }
}

/** Of four turns one is for those who are new, so that nobody who is known can keep all of them waiting. */
const turnsOfRound = 4;
let turn = 0;

function nextInLine(): Waiting | undefined {
  turn = (turn + 1) % turnsOfRound;
  const [first, second] = turn === 0 ? [lineOfNew, lineOfKnown] : [lineOfKnown, lineOfNew];
  return first.shift() ?? second.shift();
}

/** Resolves when it is their turn. */
async function placeOf(known: string | undefined): Promise<void> {
  if (running < maxRunning) {
    running += 1;
    return;
  }
  const line = known === undefined ? lineOfNew : lineOfKnown;
  const isFull = line.length >= maxWaiting;
  if (isFull || (known !== undefined && line.filter((one) => one.known === known).length >= maxWaitingOfOne)) {
    throw new TooBusy('too many passwords to check at once');
  }
  // Whoever finishes hands its place over: `running` stays as it is.
  await new Promise<void>((resolve) => line.push({ known, go: resolve }));
}
