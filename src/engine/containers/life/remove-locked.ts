import { EngineError, messageOf } from '../../../base/mod.ts';
import type { Container } from '../container.ts';
import { announce, type ContainersContext, save } from '../context.ts';
import { forgetExecsSoon } from '../exec/drop-execs.ts';
import { releaseImageMounts } from '../mounts/image-mounts.ts';
import { intendRemove } from './remove-intent.ts';

/** The removal itself, for who holds the container's lock: layers, volumes, record, in an order that a restart goes on with. */
export async function removeLocked(
  context: ContainersContext,
  container: Container,
  options: { volumes: boolean },
): Promise<void> {
  container.cancelRestart();
  const exitCode = container.record.state.exitCode;
  container.moveTo('removing');
  if (options.volumes) container.record.minke.removeVolumes = true;
  // Crash: a container on record as removing is removed by the next start.
  if (!container.record.hostConfig.AutoRemove) save(context, container);
  using _intent = intendRemove(context, container);
  try {
    await context.layers.removeMount(container.id);
    context.directory.remove(container);
    await releaseImageMounts(context, container.record);
    if (options.volumes) await removeVolumes(context, container);
    context.records.remove(container.id);
  } catch (error) {
    context.directory.add(container);
    container.moveTo('dead');
    save(context, container);
    container.waiters.removed({ statusCode: exitCode, error: messageOf(error) });
    throw new EngineError('internal', `container ${container.id}: ${messageOf(error)}`, { cause: error });
  }
  // Who attached before a start that never came.
  await context.logs.unregister(container.id).catch(() => {});
  forgetExecsSoon(context, container);
  announce(context, container, 'destroy');
  container.waiters.removed({ statusCode: exitCode });
}

/** The volumes without a name that nobody else uses. One that cannot be removed does not keep the container. */
async function removeVolumes(context: ContainersContext, { id, record }: Container): Promise<void> {
  for (const { Type, Name, Spec } of Object.values(record.mountPoints)) {
    // Compat: what Docker 20.10 made without a name has no other mark.
    const isAnonymous = context.volumes.get(Name)?.anonymous || (Spec !== undefined && !Spec['Source']);
    if (Type !== 'volume' || !isAnonymous) continue;
    await context.volumes.removeIfUnused(Name).catch((error: unknown) => {
      context.log.warn('cannot remove a volume of a container', { id, Name, error: messageOf(error) });
    });
  }
}
