import { chmodSync, chownSync, lstatSync, readFileSync, unlinkSync } from 'node:fs';
import { connect, type ListenOptions, type Server } from 'node:net';
import { EngineError, errnoOf } from '../../base/mod.ts';

/** One place to listen on, as `-H` spells it. */
export type Host =
  | { kind: 'unix'; path: string }
  | { kind: 'tcp'; host: string | undefined; port: number }
  | { kind: 'fd'; fd: number };

/** Parses `unix://PATH`, `tcp://HOST:PORT`, `fd://[N]` (all descriptors that systemd passed, or one). */
export function parseHost(spec: string, env: Record<string, string | undefined> = process.env): Host[] {
  const [scheme, rest = ''] = spec.split('://', 2);
  if (scheme === 'unix' && rest !== '') return [{ kind: 'unix', path: rest }];
  if (scheme === 'tcp') {
    const url = URL.canParse(`http://${rest}`) ? new URL(`http://${rest}`) : undefined;
    const port = /:(\d+)\/?$/.exec(rest)?.[1];
    if (rest.includes('/') || Number(port ?? 0) > 65535) throw invalid(spec);
    const host = url?.hostname.replace(/^\[(.*)\]$/, '$1');
    return [{ kind: 'tcp', host: host || undefined, port: Number(port ?? 2375) }];
  }
  if (scheme === 'fd') {
    if (/^\d+$/.test(rest)) return [{ kind: 'fd', fd: Number(rest) }];
    const count = Number(env['LISTEN_FDS'] ?? 0);
    if (rest !== '' || count < 1) {
      throw new EngineError(
        'invalid',
        `no sockets found via socket activation: make sure the service was started by systemd`,
      );
    }
    return Array.from({ length: count }, (_, i) => ({ kind: 'fd' as const, fd: 3 + i }));
  }
  throw invalid(spec);
}

/** Makes `server` listen on `host`. A unix socket gets mode 0660 and, if there is one, the group `docker`. */
export async function listenOn(server: Server, host: Host): Promise<void> {
  if (host.kind === 'unix') await removeStale(host.path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    const done = () => {
      server.off('error', reject);
      resolve();
    };
    const umask = process.umask(0o117);
    try {
      server.listen(optionsOf(host), done);
    } finally {
      process.umask(umask);
    }
  });
  if (host.kind !== 'unix') return;
  const group = groupId('docker');
  if (group !== undefined) chownSync(host.path, 0, group);
  chmodSync(host.path, 0o660);
}

function optionsOf(host: Host): ListenOptions & { fd?: number } {
  if (host.kind === 'unix') return { path: host.path };
  if (host.kind === 'fd') return { fd: host.fd };
  return host.host === undefined ? { port: host.port } : { port: host.port, host: host.host };
}

/** Removes a socket that nobody listens on any more. Throws `conflict` if somebody does. */
async function removeStale(path: string): Promise<void> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return;
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', (error) => resolve(errnoOf(error) === 'EAGAIN'));
  });
  if (alive) throw new EngineError('conflict', `another daemon listens on ${path}`);
  unlinkSync(path);
}

function groupId(name: string): number | undefined {
  try {
    const line = readFileSync('/etc/group', 'utf8')
      .split('\n')
      .find((entry) => entry.startsWith(`${name}:`));
    const gid = line?.split(':')[2];
    return gid === undefined ? undefined : Number(gid);
  } catch {
    return undefined;
  }
}

function invalid(spec: string): EngineError {
  return new EngineError('invalid', `invalid bind address (${spec}): unix://PATH, tcp://HOST:PORT or fd://`);
}
