import type { Container } from './container.ts';
import { announce, type ContainersContext, save, transition } from './context.ts';
import { checkVerb } from './life/status.ts';

/** Freezes all processes of a container. */
export async function pause(context: ContainersContext, container: Container): Promise<void> {
  await transition(context, container, async () => {
    checkVerb('pause', container);
    await context.runtime.pause(container.id);
    container.moveTo('paused');
    context.health.ended(container);
    save(context, container);
    announce(context, container, 'pause');
  });
}

/** Lets the processes of a paused container go on. */
export async function unpause(context: ContainersContext, container: Container): Promise<void> {
  await transition(context, container, async () => {
    checkVerb('unpause', container);
    await context.runtime.resume(container.id);
    container.moveTo('running');
    context.health.resumed(container);
    save(context, container);
    announce(context, container, 'unpause');
  });
}
