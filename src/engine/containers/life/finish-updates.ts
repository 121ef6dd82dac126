import { messageOf } from '../../../base/mod.ts';
import type { ContainersContext } from '../context.ts';
import { limitChange } from '../request/merge-update.ts';
import { publishAsRecorded } from '../update-ports.ts';
import { forgetIntent, intentsLeft } from './intent-notes.ts';

/**
 * After a start of the daemon: an update that a crash cut off is on record and maybe not in the cgroup yet. What is on
 * record counts.
 */
export async function finishUpdates(context: ContainersContext): Promise<void> {
  for (const id of intentsLeft(context, 'updating')) {
    const container = context.directory.get(id);
    try {
      if (container?.status === 'running' || container?.status === 'paused') {
        const { hostConfig } = container.record;
        const change = limitChange(hostConfig, hostConfig, context.settings.host);
        await context.runtime.changeLimits(container.id, change);
        await publishAsRecorded(context, container);
      }
    } catch (error) {
      context.log.warn('limits or ports of a container are not what is on record', {
        id,
        error: messageOf(error),
      });
    }
    forgetIntent(context, 'updating', id);
  }
}
