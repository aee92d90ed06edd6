/**
 * What verifies the record, for a browser: the code that `credence audit verify` runs, and nothing of Node (a test walks through all that it
 * imports). Signatures are verified by whoever calls it.
 */
import './without-eval.ts';

export { type Jwk, parseJws, type VerifySignature } from '@credence/mcp/protocol';
export { fingerprintOf, parsePins } from './pins.ts';
export { type Proven, verifyProof } from './proof.ts';
export { createVerification, type FaultName, type Findings, type RecordFault } from './verification.ts';
export { readWitness } from './witness-file.ts';
