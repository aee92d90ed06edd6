import { toNumber } from '../parts/time-words.ts';

const count = (of: number, one: string, more: string) => (of === 1 ? `1 ${one}` : `${toNumber(of)} ${more}`);
const lines = (of: number) => count(of, 'line', 'lines');

export const auditTexts = {
  title: 'Audit',
  says: {
    none: 'Nothing is on the record yet.',
    unsealed: 'The record is written, and sealed by nobody yet.',
    unwitnessed: 'The record is sealed. Nobody outside knows of it.',
    late: 'The record is sealed, and a witness lags behind.',
    good: 'The record is sealed and witnessed.',
  },
  lead: 'What administrators did, what keeps the record from being bent, and the means to check it.',
  parts: { actions: 'What administrators did', checkpoints: 'Checkpoints', verify: 'Verify' },
  part: 'What to look at',
  figures: {
    lines: 'Lines',
    linesRemark: (first: number) => (first > 1 ? `kept from line ${toNumber(first)} on` : 'kept from the first on'),
    sealed: 'Not yet sealed',
    sealedRemark: 'by a checkpoint every few seconds',
    checkpoints: 'Checkpoints',
    witnessed: 'Unwitnessed since',
    nobody: 'never: all is known outside',
    noWitness: 'no witness is configured',
  },
} as const;

export const actionTexts = {
  table: 'What administrators did',
  of: 'About',
  ofs: {
    all: 'Everything',
    admin: 'Administration',
    policy: 'Policy',
    people: 'People and groups',
    keys: 'Keys',
    alerts: 'Alerts',
    system: 'System',
  },
  columns: { time: 'Time', what: 'What', by: 'By', about: 'About', change: 'Before and after' },
  token: 'with a token',
  by: 'By whom',
  aboutPerson: 'About whom',
  withToken: 'With which token',
  anyToken: 'With or without',
  noToken: 'No token is called that.',
  clearToken: 'Clear: With which token',
  none: 'Nothing of this kind is on the record.',
  noneLead:
    'Every change that somebody makes here, at the API or by a command has a line, with what was before and after.',
  more: (names: number) => `and ${names} more`,
} as const;

export const checkpointTexts = {
  table: 'Checkpoints',
  remark: 'each vouches for every line since the first',
  none: 'There is no checkpoint yet. The server makes one every few seconds, when something was written.',
  columns: {
    number: 'Number',
    when: 'Signed',
    covers: 'Covers',
    adds: 'Adds',
    key: 'Signed by',
    witness: 'Outside',
    root: 'Root',
  },
  witnessed: 'known outside',
  unwitnessed: 'not yet',
  pruned: (to: number) => `lines up to ${toNumber(to)} may be gone`,
  witnesses: 'Witnesses',
  witnessesRemark: 'audit.witness in credence.yaml',
  witnessKinds: { file: 'File', url: 'Address' },
  witnessNone: 'Nobody outside keeps checkpoints.',
  witnessNoneLead:
    'Whoever can write to the database could cut the record back to an earlier checkpoint, and nothing here would show it. Name a file on another machine or an address in audit.witness.',
  has: 'Has',
  hasNothing: 'nothing yet',
  hasNumber: (number: number) => `checkpoint ${toNumber(number)}`,
  kept: 'What is kept',
  keptRemark: 'retention.audit in credence.yaml',
  keptFor: (days: number | null) =>
    days === null ? 'Lines are kept for ever.' : `Lines are kept for ${toNumber(days)} days.`,
  keptAll: 'None was removed.',
  keptGone: (of: number) => `${lines(of)} from the beginning were removed by order, the last of them written`,
  keptGoneWhen: 'the order is of',
  chains: 'Chains',
  chainsRemark: 'one for each run of a node or a command',
  chainsCount: (of: number, shown: number) =>
    of > shown ? `${toNumber(of)} chains; the ${shown} longest:` : `${count(of, 'chain', 'chains')}:`,
  node: 'Written by',
  lines: 'Lines',
} as const;

export const verifyTexts = {
  lead: 'The lines are read from the server and checked by this browser, with the code of',
  leadCommand: 'credence audit verify',
  key: 'The key',
  keyNone: 'There is no key for the record on the machine of this listener. Paste the one that you were given.',
  keyIs: 'What checkpoints are verified with',
  pinned: 'Pinned in this browser',
  notPinned: 'Not pinned',
  notPinnedLead:
    'The server names this key itself. Compare its fingerprint with the one that you were given when there was nothing to doubt, or that this prints where the record is written:',
  command: 'credence audit key --fingerprint',
  pin: 'It is the same: pin it',
  paste: 'Paste a key…',
  pasteLabel: 'What credence audit key printed',
  pasteHint: 'It stays in this browser.',
  pasteBad: 'This holds no public keys.',
  pasteDo: 'Pin this key',
  forget: 'Forget it',
  changed:
    'The server now names other keys. One that follows is believed, and pinned with it, when a checkpoint under a pinned key announced it.',
  lines: 'The lines',
  howMany: 'How many',
  spans: { few: 'The last 10,000', many: 'The last 100,000', all: 'All that are kept' },
  witness: 'What a witness has kept',
  witnessHint: 'Optional: the file of checkpoints that somebody outside has.',
  seen: (number: number) =>
    `This browser verified checkpoint ${toNumber(number)} before, and holds the record against it.`,
  notCompared: (number: number) =>
    `Checkpoint ${toNumber(number)}, which it verified earlier, has not been compared since: verify all that are kept.`,
  start: (of: number) => `Verify ${lines(of)}`,
  cancel: 'Cancel',
  running: (at: number, of: number) => `${toNumber(at)} of ${lines(of)}`,
  outcome: 'What was found',
  waiting: 'Nothing was verified yet.',
  waitingLead:
    'It reads every line of the part that you choose: what it says, that it follows the one before it, and that all of them together are what a signed checkpoint covers. The first line that is wrong is named.',
  inOrder: (of: number) => `In order: ${lines(of)} say what was written.`,
  cancelled: 'Cancelled: nothing was proven.',
  brokeOff: (line: number) => `The answer broke off behind line ${toNumber(line)}: nothing was proven.`,
  brokeOffLead:
    'The connection ended, your session did, or the store is not what was sealed. The log of the server tells which.',
  fault: (line: number) => `Not in order: line ${toNumber(line)} is the first that is wrong.`,
  faultRecord: 'The record',
  faultWhat: 'What is wrong',
  faultKey:
    'If keys were changed twice since yours was pinned, a part of the record does not tell: verify all lines that are kept, or pin the key of now.',
  faultHelp:
    'Export the record at once (credence audit export --json), keep it, and verify it on another machine. What to do then: docs/operate/audit.md.',
  proven: 'This was proven',
  open: 'This was not',
  provenEach: (from: number, to: number, chains: number) =>
    `Lines ${toNumber(from)} to ${toNumber(to)} say what was written: none was changed, left out, put elsewhere or added, in ${count(chains, 'chain', 'chains')}.`,
  provenSealed: (of: number) => `${count(of, 'checkpoint', 'checkpoints')} over them are signed; the last`,
  provenPinned: 'The key is the one that you pinned.',
  provenWitness: (of: number) =>
    `${count(of, 'checkpoint is', 'checkpoints are')} what the witness, or this browser, had before.`,
  openPin: 'That the key is the right one: the server named it. Pin it first.',
  openUnsealed: (of: number) =>
    `${lines(of)} at the end: they came after the last checkpoint. Nobody vouches for them so far.`,
  openBefore: (of: number) => `The ${lines(of)} before: they were not looked at.`,
  openPruned: (of: number) => `The ${lines(of)} before are kept no more. That they might go, checkpoints say.`,
  openErased: (of: number) => `Whom ${lines(of)} were about: that was erased.`,
  openWitness:
    'That nothing was cut off at the end before you looked: only a witness outside could tell. The next time this browser can.',
  openCode:
    'That this page does what it says: its code came from the same server. Who does not trust that runs credence audit verify on another machine.',
} as const;

export const proveTexts = {
  title: 'Proof',
  lead: 'That this line is in the record as it was sealed, checked in this browser.',
  prove: 'Prove it',
  again: 'Prove it again',
  save: 'Save the proof',
  toAudit: 'Checkpoints and keys',
  notSealed: 'It is not sealed yet. The server seals what was written every few seconds: try again then.',
  altered: 'There is no proof: the store is not what was sealed.',
  noKey: 'There is no key to verify it with. Pin one under Audit.',
  proven: 'It is in the record, as it stands here.',
  provenHow: (checkpoint: number, size: number, steps: number) =>
    `Checkpoint ${toNumber(checkpoint)} over ${lines(size)} covers it, by a path of ${count(steps, 'hash', 'hashes')}; signed`,
  pinned: 'The key is the one that you pinned.',
  notPinned: 'The key was named by the server and is not pinned.',
  not: 'Not proven.',
} as const;
