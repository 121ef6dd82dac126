import { runProgram } from './program.ts';

// Why not: a top-level await. The bundle is CommonJS, which has none, so that Bun can keep its bytecode.
void runProgram(process.argv.slice(2), process.env).then((code) => process.exit(code));
