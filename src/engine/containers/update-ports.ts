import type { Sandbox } from '../../net/mod.ts';
import type { Container } from './container.ts';
import { type ContainersContext, save } from './context.ts';
import { portMap, portRequests } from './request/port-requests.ts';
import { withEndpointName } from './set-up/sandbox.ts';

/**
 * Makes a running container's published ports those of its record, and writes what came of it. Those that stay keep
 * their number. On failure they are what they were. Nothing to do where it has no network of its own.
 */
export async function publishAsRecorded(context: ContainersContext, container: Container): Promise<void> {
  const { record } = container;
  const before = record.minke.sandbox as Sandbox | undefined;
  if (!before) return;
  try {
    const ports = portRequests(record.config, record.hostConfig);
    const sandbox = await context.net.updatePorts(container.id, ports);
    record.minke.sandbox = sandbox;
    record.ports = portMap(record.config, sandbox.ports);
    save(context, container);
  } catch (error) {
    throw withEndpointName(error, container);
  }
}
