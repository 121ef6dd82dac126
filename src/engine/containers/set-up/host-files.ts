import { readFileSync } from 'node:fs';
import { parseResolvConf, type ResolvConf } from './resolv-conf.ts';

const OWN = '/etc/resolv.conf';
/** The real servers, where the host's own file names the stub of systemd-resolved alone. */
const BEHIND_STUB = '/run/systemd/resolve/resolv.conf';
const STUB = '127.0.0.53';

/** The host's resolver configuration, as it is, or where it is only the stub of systemd-resolved, that one's. */
export function hostResolvConf({ asItIs }: { asItIs: boolean }): ResolvConf {
  const own = parseResolvConf(OWN, readIfThere(OWN) ?? '');
  if (asItIs || own.servers.length !== 1 || own.servers[0] !== STUB) return own;
  const behind = readIfThere(BEHIND_STUB);
  return behind === undefined ? own : parseResolvConf(BEHIND_STUB, behind);
}

/** The host's own /etc/hosts. */
export function hostHosts(): string {
  return readIfThere('/etc/hosts') ?? '';
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
