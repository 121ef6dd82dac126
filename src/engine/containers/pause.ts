import { EngineError } from '../../base/mod.ts';
import type { Container } from './container.ts';
import { announce, type ContainersContext, save, transition } from './context.ts';
import { isRunning } from './status.ts';

/** Freezes all processes of a container. */
export async function pause(context: ContainersContext, container: Container): Promise<void> {
  await transition(context, container, async () => {
    if (!isRunning(container.status)) {
      throw new EngineError('conflict', `container ${container.id} is not running`);
    }
    if (container.status === 'paused')
      throw new EngineError('conflict', `container ${container.id} is already paused`);
    if (container.status === 'restarting') {
      throw new EngineError(
        'conflict',
        `Container ${container.id} is restarting, wait until the container is running`,
      );
    }
    await context.runtime.pause(container.id);
    container.moveTo('paused');
    save(context, container);
    announce(context, container, 'pause');
  });
}

/** Lets the processes of a paused container go on. */
export async function unpause(context: ContainersContext, container: Container): Promise<void> {
  await transition(context, container, async () => {
    if (container.status !== 'paused') {
      throw new EngineError('conflict', `Container ${container.id} is not paused`);
    }
    await context.runtime.resume(container.id);
    container.moveTo('running');
    save(context, container);
    announce(context, container, 'unpause');
  });
}
