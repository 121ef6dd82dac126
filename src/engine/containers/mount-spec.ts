import { posix } from 'node:path';
import { EngineError } from '../../base/mod.ts';

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

const VOLUME_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const PROPAGATIONS = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];
const MODES = new Set(['ro', 'rw', 'z', 'Z', 'nocopy', 'cached', 'delegated', 'consistent', ...PROPAGATIONS]);

/** Parses `source:destination[:mode]` or `destination`. Compat: moby `volumemounts.linuxParser.ParseMountRaw`. */
export function parseBind(raw: string): BindSpec {
  const parts = raw.split(':');
  const [first, second, third] = parts;
  if (parts.length > 3 || first === '' || second === '') throw invalid(raw);
  const source = second === undefined || (MODES.has(second) && !second.startsWith('/')) ? '' : (first ?? '');
  if (parts.length === 2 && source === '') throw invalid(raw);
  const destination = source === '' ? (first ?? '') : (second ?? '');
  const mode = third ?? '';
  checkDestination(raw, destination);
  const isPath = source.startsWith('/');
  if (source !== '' && !isPath) checkVolumeName(source);
  const words = mode === '' ? [] : mode.split(',');
  for (const word of words) if (!MODES.has(word)) throw new EngineError('invalid', `invalid mode: ${mode}`);
  if (words.includes('ro') && words.includes('rw')) throw new EngineError('invalid', `invalid mode: ${mode}`);
  return {
    type: isPath ? 'bind' : 'volume',
    source: isPath ? posix.normalize(source).replace(/(.)\/$/, '$1') : source,
    destination: cleanPath(destination),
    mode,
    readOnly: words.includes('ro'),
    propagation: words.find((word) => PROPAGATIONS.includes(word)) ?? (isPath ? 'rprivate' : ''),
    noCopy: words.includes('nocopy'),
  };
}

/** Throws unless `destination` is an absolute path other than `/`. */
export function checkDestination(raw: string, destination: string): void {
  if (!destination.startsWith('/')) {
    throw new EngineError(
      'invalid',
      `invalid volume specification: '${raw}': invalid mount path: '${destination}' mount path must be absolute`,
    );
  }
  if (cleanPath(destination) === '/') {
    throw new EngineError(
      'invalid',
      `invalid volume specification: '${raw}': invalid specification: destination can't be '/'`,
    );
  }
}

export function checkVolumeName(name: string): void {
  if (name.length === 1) {
    throw new EngineError(
      'invalid',
      'volume name is too short, names should be at least two alphanumeric characters',
    );
  }
  if (!VOLUME_NAME.test(name)) {
    throw new EngineError(
      'invalid',
      `"${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  }
}

/** Lexically clean absolute path without a trailing slash. */
export function cleanPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

function invalid(raw: string): EngineError {
  return new EngineError('invalid', `invalid volume specification: '${raw}'`);
}
