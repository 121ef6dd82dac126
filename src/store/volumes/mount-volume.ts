import { EngineError } from '../../base/mod.ts';
import { errnoWords, mount, SysError, unmount } from '../../sys/mod.ts';
import type { MountCall } from './mount-arguments.ts';

/**
 * Makes these calls for one mount point; nothing stays mounted there if one fails. Can hang for as long as a server
 * does. Throws `internal` in Docker's words.
 */
export function mountVolume(target: string, calls: readonly MountCall[]): void {
  let mounted = false;
  try {
    for (const call of calls) {
      make(call, target);
      mounted ||= call.what === 'mount';
    }
  } catch (error) {
    if (mounted) unmount(target);
    throw error;
  }
}

/** Takes all that is mounted there away, at once for who looks there; who still uses it goes on. Idempotent. */
export function unmountVolume(target: string): void {
  while (unmount(target));
}

function make(call: MountCall, target: string): void {
  const { what, source, type, flags, data } = call;
  try {
    mount(source, target, type, flags, data);
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    // Compat: moby/sys `mountError`.
    const place = source === '' ? target : `${source}:${target}`;
    const more = `${flags === 0 ? '' : `, flags: 0x${flags.toString(16)}`}${data === '' ? '' : `, data: ${data}`}`;
    throw new EngineError('internal', `${what} ${place}${more}: ${errnoWords(error.errno)}`, {
      cause: error,
    });
  }
}
