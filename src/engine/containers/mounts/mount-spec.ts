import { posix } from 'node:path';
import { EngineError } from '../../../base/mod.ts';

/** A parsed `-v` entry. Spec: Engine API, `HostConfig.Binds`. */
export interface BindSpec {
  type: 'bind' | 'volume';
  /** Host path of a bind; name of a volume, '' for an anonymous one. */
  source: string;
  destination: string;
  mode: string;
  readOnly: boolean;
  propagation: string;
  noCopy: boolean;
}

export const PROPAGATIONS = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];
/** Of each kind a mode names at most one word. */
const MODE_KINDS = [
  ['ro', 'rw'],
  ['z', 'Z'],
  PROPAGATIONS,
  ['nocopy'],
  ['consistent', 'cached', 'delegated', 'default'],
  // Ours: what belongs to the source's owner shows as the container's user's.
  ['idmap'],
];

/** Parses `source:destination[:mode]` or `destination`. Compat: moby `volumemounts.linuxParser.ParseMountRaw`. */
export function parseBind(raw: string): BindSpec {
  const parts = raw.split(':');
  const [first = '', second, mode = ''] = parts;
  if (first === '' || parts.length > 3) throw invalid(raw);
  // Compat: an anonymous volume cannot have a mode.
  if (parts.length === 2 && isMode(second ?? '')) throw invalid(raw);
  const source = second === undefined ? '' : first;
  const isPath = source.startsWith('/');
  const words = parseMode(mode);
  const destination = second ?? first;
  checkDestination(raw, destination, isPath ? 'bind' : 'volume');
  const propagation = words.find((word) => PROPAGATIONS.includes(word));
  const foreign = isPath
    ? words.includes('nocopy') && 'VolumeOptions'
    : (propagation !== undefined || words.includes('idmap')) && 'BindOptions';
  if (foreign) throw invalidFor(raw, isPath ? 'bind' : 'volume', `field ${foreign} must not be specified`);
  return {
    type: isPath ? 'bind' : 'volume',
    source: isPath ? cleanPath(source) : source,
    destination: cleanPath(destination),
    mode,
    readOnly: words.includes('ro'),
    propagation: propagation ?? '',
    noCopy: words.includes('nocopy'),
  };
}

/** Words of a mode. Throws `invalid` in Docker's words. */
export function parseMode(mode: string): string[] {
  if (!isMode(mode)) throw new EngineError('invalid', `invalid mode: ${mode}`);
  return mode === '' ? [] : mode.split(',');
}

function isMode(text: string): boolean {
  if (text === '') return true;
  const words = text.split(',');
  const known = words.every((word) => MODE_KINDS.some((kind) => kind.includes(word)));
  return known && MODE_KINDS.every((kind) => words.filter((word) => kind.includes(word)).length <= 1);
}

/** Throws unless `destination` is an absolute path other than `/`. */
export function checkDestination(raw: string, destination: string, type: 'bind' | 'volume'): void {
  const why = destination === '' ? 'field Target must not be empty' : whyNoDestination(destination);
  if (why) throw invalidFor(raw, type, why);
}

/** The same for a key of `Tmpfs`. */
export function checkTmpfsDestination(destination: string): void {
  const why = whyNoDestination(destination);
  if (why) throw new EngineError('invalid', why);
}

/** What is wrong with a mount's destination, in Docker's words. */
export function whyNoDestination(destination: string): string | undefined {
  if (cleanPath(destination) === '/') return "invalid specification: destination can't be '/'";
  return whyNotAbsolute(destination);
}

export function whyNotAbsolute(path: string): string | undefined {
  return path.startsWith('/') ? undefined : `invalid mount path: '${path}' mount path must be absolute`;
}

/** Lexically clean absolute path without a trailing slash. */
export function cleanPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

function invalid(raw: string): EngineError {
  return new EngineError('invalid', `invalid volume specification: '${raw}'`);
}

function invalidFor(raw: string, type: string, why: string): EngineError {
  const message = `invalid volume specification: '${raw}': invalid mount config for type "${type}": ${why}`;
  return new EngineError('invalid', message);
}
