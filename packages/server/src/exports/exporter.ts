import { setTimeout as wait } from 'node:timers/promises';
import type { ExportPlace } from '../store/exports.ts';
import type { Store, StoredAuditRow } from '../store/store.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { Destination, Line, Sent } from './destination.ts';
import { type Format, toLine } from './format.ts';

export interface ExporterOptions {
  readonly name: string;
  readonly format: Format;
  /** Kinds of record that are wanted; `undefined` = all. */
  readonly kinds: ReadonlySet<string> | undefined;
  readonly destination: Destination;
  readonly deadLetters: DeadLetters;
  /** A record that the destination failed at so often is put with the dead letters. */
  readonly tries: number;
  readonly store: Pick<Store, 'audit' | 'exports'>;
  /** Names this process; no two have the same. */
  readonly holder: string;
  /** No other process exports from this store: whoever held it is dead. */
  readonly isAlone: boolean;
  readonly nowMs: () => number;
  /** A holder whose beat stands still for so long is dead or deaf. */
  readonly takeOverMs?: number;
  /** Told when it falls behind, when it fails, and when it is all right again; never for each record. */
  readonly on: ExporterEvents;
  /** 0 to 1, so that those who wait for the same thing do not come back at once. */
  readonly random?: () => number;
}

export interface ExporterEvents {
  taken(): void;
  failing(why: string): void;
  behind(milliseconds: number): void;
  recovered(): void;
  dead(id: string, why: string): void;
  fault(fault: unknown): void;
}

/** Carries the record to one destination, at its own pace: what is not there yet waits in the store. */
export interface Exporter {
  stop(): Promise<void>;
}

/** Small enough that whoever waits for this process waits for milliseconds. */
const pageRows = 200;
const idleMs = 400;
/** While the store is away. */
const faultMs = 1000;
const firstPauseMs = 250;
const longestPauseMs = 60_000;
/** A holder whose beat stands still for so long, by the clock of whoever waits, is dead or deaf. */
const usualTakeOverMs = 6000;
/** Where nothing is wanted the place moves on in the store only so often. */
const quietMs = 5000;
const behindMs = 60_000;
/** A destination that never comes back holds up no stop. */
const graceMs = 3000;

/**
 * At least once, and in order: the place moves on in the store when a batch has arrived, and not before. Of several nodes the
 * one that holds the export carries it on. Whatever a batch is refused for is narrowed down to a single record.
 */
export function startExporter(options: ExporterOptions): Exporter {
  const { name, store, destination, holder, nowMs, on, random = Math.random } = options;
  const { takeOverMs = usualTakeOverMs } = options;
  const beatMs = takeOverMs / 4;
  const stopped = new AbortController();
  /** How far it has read; everything up to `written` is in the store too. */
  let read = 0;
  let written = -1;
  let writtenAtMs = 0;
  let beatAtMs = 0;
  let lines = destination.most.lines;
  let failures = 0;
  let faults = 0;
  let seen: { readonly place: ExportPlace; readonly atMs: number } | undefined;
  let told: 'nothing' | 'failing' | 'behind' = 'nothing';

  /** True when there may be more. */
  async function step(): Promise<boolean> {
    const place = await find();
    if (place.holder !== holder) {
      written = -1;
      if (!mayTake(place) || !(await store.exports.take(place, holder))) return false;
      seen = undefined;
      on.taken();
      return true;
    }
    if (place.position !== written) {
      read = place.position; // it is new here, or was set to another place
      written = place.position;
      lines = destination.most.lines;
    }
    const rows = await store.audit.read(read, pageRows);
    const last = rows.at(-1);
    if (!last) return keepUp(true);
    const batch = toBatch(rows);
    const next = batch.at(-1);
    if (!next) {
      read = last.position;
      return keepUp(rows.length < pageRows);
    }
    watchLag(next.row);
    // What nobody wants between this batch and the next goes with it.
    const to = batch.length === wantedOf(rows).length ? last.position : next.row.position;
    return settle(batch, to, await sendHeld(batch));
  }

  async function find(): Promise<ExportPlace> {
    const place = await store.exports.find(name);
    if (place) return place;
    await store.exports.begin(name, nowMs());
    return (await store.exports.find(name)) ?? Promise.reject(new Error(`no place of the export ${name}`));
  }

  function mayTake(place: ExportPlace): boolean {
    if (place.holder === undefined || options.isAlone) return true;
    const now = performance.now(); // of clocks that two nodes have, none is compared
    if (seen?.place.holder !== place.holder || seen.place.beat !== place.beat) seen = { place, atMs: now };
    return now - seen.atMs >= takeOverMs;
  }

  function wantedOf(rows: readonly StoredAuditRow[]): readonly StoredAuditRow[] {
    const { kinds } = options;
    return kinds ? rows.filter(({ kind }) => kinds.has(kind)) : rows;
  }

  function toBatch(rows: readonly StoredAuditRow[]): readonly Line[] {
    const batch: Line[] = [];
    let bytes = 0;
    for (const row of wantedOf(rows).slice(0, lines)) {
      const text = toLine(options.format, row);
      bytes += Buffer.byteLength(text) + 1;
      if (batch.length > 0 && bytes > destination.most.bytes) break;
      batch.push({ row, text });
    }
    return batch;
  }

  /** Says that we are alive while the destination takes its time. */
  async function sendHeld(batch: readonly Line[]): Promise<Sent> {
    const timer = keepBeating();
    try {
      return await destination.send(batch);
    } finally {
      clearInterval(timer);
    }
  }

  function keepBeating(): NodeJS.Timeout | undefined {
    if (options.isAlone) return undefined;
    return setInterval(() => void store.exports.beat(name, holder).catch(() => undefined), beatMs).unref();
  }

  async function settle(batch: readonly Line[], to: number, sent: Sent): Promise<boolean> {
    if (sent.outcome === 'delivered') {
      lines = Math.min(lines * 2, destination.most.lines);
      if (told === 'failing') tell('nothing');
      const isPart = batch.length < destination.most.lines;
      await advance(to, batch.length, 0);
      if (isPart && destination.gatherMs !== undefined) await pause(destination.gatherMs);
      return true;
    }
    if (sent.outcome === 'away' && sent.faulty) faults += 1;
    const isGivenUp = sent.outcome === 'refused' || faults >= options.tries;
    const [only] = batch;
    if (isGivenUp && batch.length === 1 && only) {
      await options.deadLetters.keep(only, sent.why, nowMs());
      on.dead(only.row.id, sent.why);
      return advance(to, 0, 1);
    }
    if (isGivenUp) lines = Math.ceil(batch.length / 2);
    if (sent.outcome === 'refused') return true;
    tell('failing', sent.why);
    await store.exports.fail(name, holder, sent.why, nowMs());
    failures += 1;
    await pause(Math.max(sent.waitMs ?? 0, backOff()), true);
    return true;
  }

  async function advance(to: number, sent: number, dead: number): Promise<boolean> {
    [failures, faults] = [0, 0];
    const step = { from: written, to, sent, dead, nowMs: nowMs() };
    if (!(await store.exports.advance(name, holder, step))) return true; // held by another, or set to another place
    [read, written, writtenAtMs] = [to, to, performance.now()];
    beatAtMs = writtenAtMs;
    return true;
  }

  /** Nothing to send: now and then the place moves on, and says with it that we are alive. */
  async function keepUp(isEnd: boolean): Promise<boolean> {
    if (isEnd && told === 'behind') tell('nothing');
    const now = performance.now();
    if (read !== written && now - writtenAtMs >= quietMs) await advance(read, 0, 0);
    else if (!options.isAlone && now - beatAtMs >= beatMs) {
      await store.exports.beat(name, holder);
      beatAtMs = now;
    }
    return !isEnd;
  }

  function watchLag({ timeMs }: StoredAuditRow): void {
    const lag = nowMs() - timeMs;
    if (lag > behindMs && told === 'nothing') {
      told = 'behind';
      on.behind(lag);
    } else if (lag <= behindMs && told === 'behind') tell('nothing');
  }

  function tell(what: typeof told, why = ''): void {
    if (told === what) return;
    told = what;
    if (what === 'failing') on.failing(why);
    else on.recovered();
  }

  function backOff(): number {
    return Math.min(firstPauseMs * 2 ** (failures - 1), longestPauseMs) * (0.5 + random() / 2);
  }

  /** @param holding - says meanwhile that we are alive */
  async function pause(milliseconds: number, holding = false): Promise<void> {
    const timer = holding ? keepBeating() : undefined;
    await wait(milliseconds, undefined, { signal: stopped.signal, ref: false }).catch(() => undefined);
    clearInterval(timer);
  }

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      try {
        if (!(await step())) await pause(idleMs);
        else await new Promise(setImmediate); // whoever waits for the store comes first
      } catch (fault) {
        on.fault(fault);
        await pause(faultMs);
      }
    }
  }

  const running = run();
  return {
    async stop() {
      stopped.abort();
      const over = wait(graceMs, undefined, { ref: false });
      await Promise.race([running, over]);
      await store.exports.release(name, holder).catch(() => undefined);
      // What is being written there is waited for in closing it.
      await Promise.race([destination.close(), over]);
    },
  };
}
