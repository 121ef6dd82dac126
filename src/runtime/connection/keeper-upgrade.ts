import { type Logger, messageOf } from '../../base/mod.ts';
import { type HelloReply, PROTOCOL_VERSION, UPGRADE_VERSION } from '../keeper/protocol.ts';
import { ConnectionLost, type KeeperConnection } from './keeper-connection.ts';
import { connectKeeper } from './keeper-launch.ts';
import { keeperArgv } from './keeper-program.ts';

interface Found {
  connection: KeeperConnection;
  hello: HelloReply;
}

/**
 * A connection to the keeper as the keeper `build`, which it becomes if it is another one. It stays what it is where
 * it cannot be asked, where it speaks a newer protocol than we do, or where that fails: we drive older keepers too.
 */
export async function upToDate(execRoot: string, found: Found, build: string, log: Logger): Promise<Found> {
  const { connection, hello } = found;
  const { version } = hello;
  if (hello.build === build || version < UPGRADE_VERSION || version > PROTOCOL_VERSION) return found;
  log.info('upgrading the keeper', { pid: hello.pid, from: hello.build, to: build });
  try {
    await connection.request('upgrade', { argv: keeperArgv(execRoot) });
  } catch (error) {
    if (error instanceof ConnectionLost) return await connectKeeper(execRoot, { comes: true });
    log.warn('the keeper stays what it is', { error: messageOf(error) });
  }
  return found;
}
