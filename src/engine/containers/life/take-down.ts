import { messageOf } from '../../../base/mod.ts';
import type { Sandbox } from '../../../net/mod.ts';
import { ENDPOINT_DOWN } from '../../../spec/docker/mod.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';

/**
 * Takes down the kernel objects of a start; goes on at errors. Idempotent. The status is the caller's. `keepExit`: its
 * exit stays in the exec-root until it is acknowledged.
 */
export async function takeDown(
  context: ContainersContext,
  container: Container,
  options: { keepExit?: boolean } = {},
): Promise<void> {
  const { record } = container;
  const warn = (what: string) => (error: unknown) => {
    context.log.warn('take-down of a container is incomplete', {
      id: container.id,
      what,
      error: messageOf(error),
    });
  };
  container.stdin?.release();
  container.stdin = undefined;
  await Promise.all([
    context.runtime.delete(container.id, options).catch(warn('runtime')),
    context.net.tearDown(container.id, record.minke.sandbox as Sandbox | undefined).catch(warn('network')),
  ]);
  try {
    context.prepared.release(container.id);
  } catch (error) {
    warn('prepared mounts')(error);
  }
  await Promise.all([
    context.layers.unmount(container.id).catch(warn('mount')),
    context.volumes.release(container.id).catch(warn('volumes')),
  ]);
  delete record.minke.sandbox;
  record.sandboxId = '';
  record.sandboxKey = '';
  record.ports = {};
  for (const endpoint of Object.values(record.networks)) Object.assign(endpoint, ENDPOINT_DOWN);
}
