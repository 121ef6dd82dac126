import { EngineError, isEngineError } from '../../base/mod.ts';
import type { Sandbox } from '../../net/mod.ts';
import { refuseRemoved } from './connect.ts';
import type { Container } from './container.ts';
import { type ContainersContext, save, transition } from './context.ts';
import { isRunning } from './life/status.ts';
import { applySandbox } from './networks/apply-sandbox.ts';
import { HOST_NETWORK } from './networks/network-rules.ts';
import { portRequests } from './request/port-requests.ts';
import { announceNetwork } from './resource-events.ts';
import { updateContainerFiles } from './set-up/container-files.ts';

/**
 * Takes a container out of a network. `force`: also out of one that is not there any more, and no such container is
 * no error while the network is. Compat: moby `Daemon.DisconnectFromNetwork`.
 */
export async function disconnect(
  context: ContainersContext,
  containerRef: string,
  ref: string,
  options: { force: boolean },
): Promise<void> {
  const container = findContainer(context, containerRef, ref, options);
  await transition(context, container, async () => {
    const network = context.networks.findIfThere(ref);
    const { record, id } = container;
    if (isRunning(container.status) && (network || !options.force)) {
      if (!network) throw new EngineError('not-found', `network ${ref} not found`);
      if (record.hostConfig.NetworkMode === 'host' && network.driver === 'host') {
        throw new EngineError('invalid', HOST_NETWORK);
      }
      await disconnectRunning(context, container, network);
    } else {
      refuseRemoved(container);
      const name = network?.name ?? ref;
      if (!Object.hasOwn(record.networks, name)) {
        throw new EngineError('internal', `container ${id} is not connected to the network ${name}`);
      }
      delete record.networks[name];
      save(context, container);
    }
    if (network) announceNetwork(context, container, network, 'disconnect');
  });
}

async function disconnectRunning(
  context: ContainersContext,
  container: Container,
  { id, name }: { id: string; name: string },
): Promise<void> {
  const { record } = container;
  const before = record.minke.sandbox as Sandbox | undefined;
  const endpoint = before?.endpoints.find(({ networkId }) => networkId === id);
  if (!Object.hasOwn(record.networks, name)) {
    throw new EngineError('internal', `container ${container.id} is not connected to network ${name}`);
  }
  delete record.networks[name];
  if (before && endpoint) {
    // Crash: from here on it is out; what is left of the endpoint goes when the next daemon restores.
    const endpoints = before.endpoints.filter((one) => one !== endpoint);
    record.minke.sandbox = { ...before, endpoints, changing: true };
    save(context, container);
    const ports = portRequests(record.config, record.hostConfig);
    const sandbox = await context.net.disconnect(container.id, endpoint.endpointId, ports);
    record.minke.sandbox = sandbox;
    applySandbox(context, container, sandbox);
    updateContainerFiles(context, record, { before, sandbox });
  }
  save(context, container);
}

/** Compat: moby `ForceEndpointDelete`: of a container that is gone, no endpoint is left. */
function findContainer(
  context: ContainersContext,
  containerRef: string,
  ref: string,
  { force }: { force: boolean },
): Container {
  try {
    return context.directory.find(containerRef);
  } catch (error) {
    if (!force || !isEngineError(error, 'not-found')) throw error;
    context.networks.find(ref);
    throw new EngineError('not-found', `endpoint ${containerRef} not found`, { cause: error });
  }
}
