/**
 * `node:fs` and `node:path`, loaded by the first call. Why not import them: they cost 5 ms of CPU at start, a quarter
 * of a whole `run`, and most commands need neither (docs/decisions/0001-cli-start.md).
 */
export function nodeFs(): typeof import('node:fs') {
  return process.getBuiltinModule('node:fs');
}

export function nodePath(): typeof import('node:path') {
  return process.getBuiltinModule('node:path');
}
