import { nodeFs } from '../lazy-node.ts';
import { cut } from './cut.ts';

/** One `-e`: a name alone takes its value from our own environment, if it has one. */
export function parseEnv(text: string): string {
  const [name, , found] = cut(text, '=');
  if (name === '') throw new Error(`invalid environment variable: ${text}`);
  if (found) return text;
  const value = process.env[name];
  return value === undefined ? text : `${name}=${value}`;
}

/** The lines of `--env-file`: a name alone that our environment lacks is left out. */
export function readEnvFile(path: string): string[] {
  return readLines(path, (name) => process.env[name]);
}

/** The lines of `--label-file`. */
export function readLabelFile(path: string): string[] {
  return readLines(path, () => '');
}

function readLines(path: string, lookUp: (name: string) => string | undefined): string[] {
  const lines: string[] = [];
  for (const raw of readText(path).split(/\r?\n/)) {
    const line = raw.trimStart();
    if (line === '' || line.startsWith('#')) continue;
    const [name, value, found] = cut(line, '=');
    if (/\s/.test(name))
      throw new Error(`invalid env file (${path}): variable '${name}' contains whitespaces`);
    if (name === '') throw new Error(`invalid env file (${path}): no variable name on line '${line}'`);
    const own = found ? value : lookUp(name);
    if (own !== undefined) lines.push(`${name}=${own}`);
  }
  return lines;
}

function readText(path: string): string {
  let bytes: Uint8Array;
  try {
    bytes = nodeFs().readFileSync(path);
  } catch (error) {
    throw new Error(`open ${path}: ${reason(error)}`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`invalid env file (${path}): contains invalid utf8 bytes`);
  }
}

const REASONS: Record<string, string> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
};

function reason(error: unknown): string {
  const code = (error as { code?: string }).code ?? '';
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}
