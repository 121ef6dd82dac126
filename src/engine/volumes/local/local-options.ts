import { EngineError } from '../../../base/mod.ts';
import { parseSize } from '../../size.ts';

type Options = Record<string, string>;

/** Each with what it cannot be without. Compat: moby `volume/local`, `validOpts` and `mandatoryOpts`. */
const NEEDED: Record<string, string[]> = {
  type: ['device'],
  o: ['device', 'type'],
  device: ['type'],
  size: [],
};

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** Throws `invalid` unless a volume of the local driver may have this name. */
export function checkLocalName(name: string): void {
  if (name.length === 1) {
    throw invalid('volume name is too short, names should be at least two alphanumeric characters');
  }
  if (!NAME.test(name)) {
    throw invalid(
      `"${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  }
}

/** Throws `invalid` for options that the local driver does not have, or that lack what they need. */
export function checkLocalOptions(options: Options | null): void {
  const given = options ?? {};
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(NEEDED, key)) throw invalid(`invalid option: ${JSON.stringify(key)}`);
  }
  if (given['type'] === 'cifs' && given['device'] && /^\/\/[^/]*:\d+(\/|$)/.test(given['device'])) {
    throw invalid("port not allowed in CIFS device URL, include 'port' in 'o='");
  }
  // Compat: project quotas of XFS and ext4, which are not there yet.
  if (given['size'] !== undefined && parseSize(given['size']) > 0) {
    throw invalid('quota size requested but no quota support');
  }
  for (const key of Object.keys(given)) {
    for (const needed of NEEDED[key] ?? []) {
      if (given[needed] === undefined) throw invalid(`missing required option: ${JSON.stringify(needed)}`);
    }
  }
}

/** Whether something has to be mounted before the volume's files are there. */
export function needsMount(options: Options | null): boolean {
  return Boolean(options?.['type'] || options?.['device']);
}

/** Looks up the address of a host; rejects in the words of who could not. */
export type Resolve = (host: string) => Promise<string>;

/** What is mounted, once the names of servers are addresses. Compat: moby `volume/local`, `getMountOptions`. */
export async function mountSource(
  options: Options,
  resolve: Resolve,
): Promise<{ device: string; type: string; o: string }> {
  const { device = '', type = '', o = '' } = options;
  if (device === '') throw new EngineError('internal', 'missing device in volume options');
  if (type !== 'nfs' && type !== 'cifs') return { device, type, o };
  const address = o
    .split(',')
    .find((word) => word.startsWith('addr='))
    ?.slice('addr='.length);
  if (address && !isIpv4(address)) {
    return { device, type, o: o.replace(`addr=${address}`, `addr=${await resolved(resolve, address)}`) };
  }
  const host = type === 'cifs' ? /^\/\/([^/]+)/.exec(device)?.[1] : undefined;
  if (host === undefined || isIpv4(host) || host.includes('[')) return { device, type, o };
  return { device: device.replace(host, await resolved(resolve, host)), type, o };
}

/** The same error without what a `password=` in the options is. */
export function withoutPassword(message: string, options: Options): string {
  const password = (options['o'] ?? '').split(',').find((word) => word.startsWith('password='));
  return password && password !== 'password=' ? message.replace(password, 'password=********') : message;
}

async function resolved(resolve: Resolve, host: string): Promise<string> {
  try {
    return await resolve(host);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new EngineError('internal', `error resolving passed in network volume address: ${why}`, {
      cause: error,
    });
  }
}

function isIpv4(text: string): boolean {
  return /^(\d{1,3}\.){3}\d{1,3}$/.test(text);
}

function invalid(why: string): EngineError {
  return new EngineError('invalid', why);
}
