import { basename } from 'node:path';
import { Command } from 'commander';
import { toVisibleJson } from '../audit/export-line.ts';
import type { Plan } from '../changes/plan.ts';
import type { PolicyKind } from '../store/store.ts';
import { homeOption } from './home-option.ts';
import { type Applied, type PlaceFlags, placeOptions, withPlace } from './installation.ts';
import { documentOptions, planFor, print, readDocument, toLines } from './plan.ts';

interface Options extends PlaceFlags {
  readonly file: string;
  readonly kind?: PolicyKind;
  readonly name?: string;
  readonly json?: boolean;
}

/** `credence apply -f FILE`: a draft of the document, published where that takes nobody else. */
export function applyCommand(setExitCode: (code: number) => void): Command {
  const apply = new Command('apply').description(
    'make a draft of a policy document, and publish it where that takes nobody else',
  );
  for (const option of [...documentOptions(), ...placeOptions(), homeOption()]) apply.addOption(option);
  return apply
    .option('--name <name>', 'what the draft is for (default: the name of the file)')
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      '\nExit code 0: it is in force. 2: a draft waits for somebody to publish it. 1: it could not be applied.' +
        '\nExample:\n  credence apply -f access.yaml --name "Linear for engineering" --url https://admin.acme.example --token-file token',
    )
    .action(async (options: Options) => {
      const read = await readDocument(options.file, options.kind);
      await withPlace(options, async (place) => {
        const found = await planFor(place, read);
        const lines = toLines(read, place, found);
        if (found.plan.isInForce)
          return print(
            options.json
              ? [toVisibleJson({ ...found.plan, draft: null, state: 'published', version: found.plan.from })]
              : lines,
          );
        const applied = await place.apply(found.plan, read.document, options.name ?? basename(read.file));
        const told = { ...found.plan, version: null, ...applied };
        print(options.json ? [toVisibleJson(told)] : [...lines, '', toOutcome(applied, found.plan)]);
        setExitCode(applied.state === 'published' ? 0 : 2);
      });
    });
}

function toOutcome(applied: Applied, { needsSecondPerson }: Plan): string {
  const { draft, state } = applied;
  if (state === 'published') return `Published as version ${applied.version}.`;
  if (state === 'proposed')
    return `Draft ${draft} waits for somebody who may publish it${needsSecondPerson ? ', and has not written it' : ''}.`;
  return `Draft ${draft} is open. ${takeOver} Then somebody else publishes it.`;
}

const takeOver =
  'Somebody who signs in and may write policy proposes it: whoever wrote it, or, where only a shell did, anybody of them.';
