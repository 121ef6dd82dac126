import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError, errnoOf } from '../../base/mod.ts';
import { ownMountNamespace, spawnDetached } from '../../sys/mod.ts';
import type { HelloReply } from '../keeper/protocol.ts';
import { PROTOCOL_VERSION } from '../keeper/protocol.ts';
import { KeeperConnection } from './keeper-connection.ts';
import { keeperArgv } from './keeper-program.ts';

const START_DEADLINE_MS = 15_000;

/**
 * Connects to the keeper of `execRoot`, starting one if there is none. Two daemons, or a daemon and a keeper that is
 * just ending, may race: the keeper's lock decides, and we connect to whoever won. `comes`: there is one, which will
 * listen in a moment.
 */
export async function connectKeeper(
  execRoot: string,
  { comes = false } = {},
): Promise<{ connection: KeeperConnection; hello: HelloReply }> {
  mkdirSync(execRoot, { recursive: true, mode: 0o711 });
  const deadline = performance.now() + START_DEADLINE_MS;
  let launchedAt = comes ? performance.now() : Number.NEGATIVE_INFINITY;
  for (let pause = 1; ; pause = Math.min(pause * 2, 20)) {
    const opened = await tryConnect(join(execRoot, 'keeper.sock'));
    if (opened) return opened;
    if (performance.now() > deadline) {
      throw new EngineError('internal', `the keeper did not start: see ${join(execRoot, 'keeper.log')}`);
    }
    // Again now and then: the one that held the lock may have been about to end.
    if (performance.now() - launchedAt > 2_000) {
      launch(execRoot);
      launchedAt = performance.now();
    }
    await sleep(pause);
  }
}

async function tryConnect(
  path: string,
): Promise<{ connection: KeeperConnection; hello: HelloReply } | undefined> {
  let connection: KeeperConnection;
  try {
    connection = await KeeperConnection.open(path);
  } catch (error) {
    if (['ENOENT', 'ECONNREFUSED', 'ECONNRESET'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
  let hello: HelloReply;
  try {
    hello = await connection.request('hello', { version: PROTOCOL_VERSION });
  } catch {
    connection.close();
    return undefined;
  }
  if (hello.mountNamespace === ownMountNamespace()) return { connection, hello };
  connection.close();
  throw new EngineError(
    'conflict',
    `the keeper (pid ${hello.pid}) lives in another mount namespace: stop all containers and kill it, or start minked with "nsenter -t ${hello.pid} -m"`,
  );
}

/** In a systemd scope where systemd runs: it would kill the keeper with minked's service else. */
function launch(execRoot: string): void {
  const log = openSync(join(execRoot, 'keeper.log'), 'a', 0o600);
  try {
    const scope = existsSync('/run/systemd/system')
      ? [
          'systemd-run',
          '--scope',
          '--quiet',
          '--collect',
          '--slice=system.slice',
          '--description=Minke keeper',
          '--',
        ]
      : [];
    const [program, ...args] = [...scope, ...keeperArgv(execRoot)];
    if (program !== undefined) spawnDetached([program, ...args], log);
  } finally {
    closeSync(log);
  }
}
