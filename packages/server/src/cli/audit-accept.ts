import { parseJws } from '@credence/mcp/protocol';
import { Command } from 'commander';
import { verifyCheckpoint } from '../audit/checkpoint.ts';
import { acceptCheckpoint } from '../keys/accepted-checkpoint.ts';
import { readKeyFile } from '../keys/key-file.ts';
import { openSeal } from '../keys/seal.ts';
import { toPublicJwk } from '../keys/signer.ts';
import { verifySignature } from '../keys/verify-signature.ts';
import { Problem } from '../problem.ts';
import { toPrintable } from './audit.ts';
import { homeOption } from './home-option.ts';
import { reasonOption } from './reason-option.ts';
import { type InstallationFlags, readInstallation, recordAct, withStore } from './with-store.ts';

/** `credence audit accept`: has the record sealed further behind a checkpoint whose key is not here. */
export function acceptCommand(): Command {
  return new Command('accept')
    .description('seal further behind the last checkpoint although its key is not here, after you have looked at it')
    .argument('<number>', 'of that checkpoint')
    .addOption(homeOption())
    .addOption(reasonOption('why that is as it should be, for the record'))
    .addHelpText('after', help)
    .action(accept);
}

const help = `
A key of the record that was lost or taken out leaves a last checkpoint that nobody here can check. So does somebody who
writes the record anew. See which: compare it with the witness, or verify an export with the key that you have kept.

Example:
  credence audit accept 4711 --reason 'audit.keys died with the disk; checkpoint is that of the witness'`;

async function accept(number: string, flags: InstallationFlags & { readonly reason: string }): Promise<void> {
  const { home, config } = await readInstallation(flags);
  const keys = await readKeyFile(home.auditKeysDir, 'audit', await openSeal(config.keys.sealKeyFile));
  await withStore(flags, async (store) => {
    const last = await store.seals.last();
    if (!last || String(last.number) !== number) {
      throw new Problem(
        `The last checkpoint is ${last ? last.number : 'none'}, not ${toPrintable(number)}.`,
        'Only the last can be accepted: it vouches for everything before it.',
      );
    }
    const known = keys.map(({ jwk }) => toPublicJwk(jwk));
    const verified = await verifyCheckpoint(last.statement, known, verifySignature);
    if (verified.ok)
      throw new Problem(`Checkpoint ${number} is signed with a key that is here.`, 'Nothing is to be done.');
    if (verified.fault !== 'unknown_key') {
      throw new Problem(
        `Checkpoint ${number} is no checkpoint of ours (${verified.fault}).`,
        'It was changed in the store: restore a backup, docs/operate/altered-store.md.',
      );
    }
    const said = parseJws(last.statement);
    if (said?.claims.number !== last.number || said.claims.size !== last.size || said.claims.root !== last.root) {
      throw new Problem(
        `Checkpoint ${number} covers something else in the store than what its statement says.`,
        'It was changed in the store: restore a backup, docs/operate/altered-store.md.',
      );
    }
    const kid = toPrintable(String(said.header.kid ?? 'none'));
    await recordAct(store, 'admin', `checkpoint ${number}, signed with key ${kid}, accepted: ${flags.reason}`);
    await acceptCheckpoint(home.auditKeysDir, last.statement);
    process.stdout.write(`Checkpoint ${number}, signed with key ${kid}, is built upon from now on.\n`);
  });
}
