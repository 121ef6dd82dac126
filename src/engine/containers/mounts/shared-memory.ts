import { EngineError } from '../../../base/mod.ts';
import type { ResolvedMount } from '../../../runtime/mod.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { rootOf } from '../set-up/user-namespace.ts';

/**
 * The mount of /dev/shm for a container that shares it with others: one that is `shareable` has its own, made here, and
 * one that joined another's IPC namespace has that one's. None where nobody shares it, or something else is mounted
 * there. Throws Docker's sentence where the other one does not share.
 */
export function sharedMemory(context: ContainersContext, { id, record }: Container): ResolvedMount[] {
  const { IpcMode: mode, ShmSize: size } = record.hostConfig;
  const shares = mode === 'shareable' || mode.startsWith('container:');
  if (!shares) return [];
  const source = sourceOf(context, mode, id);
  if (record.mountPoints['/dev/shm']) return [];
  if (mode === 'shareable') context.prepared.sharedMemory(id, size, rootOf(context, record.hostConfig));
  return [{ type: 'bind', source, destination: '/dev/shm', options: ['rbind', 'rprivate'] }];
}

function sourceOf(context: ContainersContext, mode: string, id: string): string {
  if (mode === 'host') return '/dev/shm';
  if (mode === 'shareable') return context.prepared.sharedMemoryOf(id);
  const other = /^container:(.+)$/.exec(mode)?.[1];
  if (other !== undefined) {
    const donor = context.directory.find(other);
    return sourceOf(context, donor.record.hostConfig.IpcMode, donor.id);
  }
  throw new EngineError(
    'invalid',
    `invalid IPC mode: container:${id}: can't join IPC of container ${id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
  );
}
