import { nodeFs } from '../lazy-node.ts';
import { cut } from './cut.ts';

export interface SecurityOptions {
  options: string[] | null;
  /** null = the engine's own; [] = none, by `systempaths=unconfined`. */
  maskedPaths: string[] | null;
  readonlyPaths: string[] | null;
}

/** `--security-opt`; a seccomp profile is read here, since the engine may be another machine. */
export function parseSecurityOptions(texts: readonly string[]): SecurityOptions {
  const options = texts.map(parseOne);
  const kept = options.filter((option) => option !== 'systempaths=unconfined');
  const paths = kept.length < options.length ? [] : null;
  return { options: texts.length > 0 ? kept : null, maskedPaths: paths, readonlyPaths: paths };
}

function parseOne(text: string): string {
  let [key, value, found] = cut(text, '=');
  if (!found && key !== 'no-new-privileges') [key, value, found] = cut(text, ':');
  if ((!found || value === '') && key !== 'no-new-privileges') {
    throw new Error(`Invalid --security-opt: ${JSON.stringify(text)}`);
  }
  if (key !== 'seccomp' || value === 'unconfined' || value === 'builtin') return text;
  return `seccomp=${readProfile(value)}`;
}

function readProfile(path: string): string {
  let text: string;
  try {
    text = nodeFs().readFileSync(path, 'utf8');
  } catch (error) {
    const reason =
      (error as { code?: string }).code === 'ENOENT' ? 'no such file or directory' : String(error);
    throw new Error(`opening seccomp profile (${path}) failed: open ${path}: ${reason}`);
  }
  try {
    return JSON.stringify(JSON.parse(text));
  } catch (error) {
    throw new Error(`compacting json for seccomp profile (${path}) failed: ${(error as Error).message}`);
  }
}
