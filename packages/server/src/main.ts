#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

enableCompileCache();
const { run, watchOutput } = await import('./cli/program.ts');
const args = process.argv.slice(2);
watchOutput(args);
process.exitCode = await run(args);
