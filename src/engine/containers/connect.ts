import { EngineError } from '../../base/mod.ts';
import type { Sandbox } from '../../net/mod.ts';
import type { EndpointSettings } from '../../spec/docker/mod.ts';
import type { EndpointRecord } from '../../store/mod.ts';
import type { EngineNetwork } from '../networks/mod.ts';
import type { Container } from './container.ts';
import { type ContainersContext, save, transition } from './context.ts';
import { isRunning } from './life/status.ts';
import { applySandbox } from './networks/apply-sandbox.ts';
import { dnsNames, endpointRequest } from './networks/endpoint-request.ts';
import { checkEndpoint, conflictBetween, HOST_NETWORK, SHARED_NAMESPACE } from './networks/network-rules.ts';
import { endpointRecord } from './request/network-mode.ts';
import { portRequests } from './request/port-requests.ts';
import { announceNetwork } from './resource-events.ts';
import { updateContainerFiles } from './set-up/container-files.ts';
import { withEndpointName } from './set-up/sandbox.ts';

/**
 * Puts a container into a network: at once if it runs, else at its next start. Compat: moby
 * `Daemon.ConnectToNetwork`; a network that is not there is believed of a container that does not run.
 */
export async function connect(
  context: ContainersContext,
  container: Container,
  ref: string,
  settings: Partial<EndpointSettings>,
): Promise<void> {
  await transition(context, container, async () => {
    const wanted = endpointRecord(settings);
    if (isRunning(container.status)) await connectRunning(context, container, ref, wanted);
    else connectStopped(context, container, ref, wanted);
  });
}

function connectStopped(
  context: ContainersContext,
  container: Container,
  ref: string,
  settings: EndpointRecord,
): void {
  refuseRemoved(container);
  const network = context.networks.findIfThere(ref);
  const { networks } = container.record;
  if (!network) networks[ref] = settings;
  else {
    settings.DNSNames = dnsNames(container, network.name, settings.Aliases);
    checkEndpoint(network, settings);
    refuseConflicts(context, container, network);
    // Compat: said again, nothing changes.
    networks[network.name] ??= settings;
  }
  save(context, container);
}

async function connectRunning(
  context: ContainersContext,
  container: Container,
  ref: string,
  settings: EndpointRecord,
): Promise<void> {
  const { record, name } = container;
  if (record.hostConfig.NetworkMode.startsWith('container:'))
    throw new EngineError('invalid', SHARED_NAMESPACE);
  const network = context.networks.find(ref);
  checkEndpoint(network, settings);
  refuseConflicts(context, container, network);
  const before = record.minke.sandbox as Sandbox | undefined;
  if (!network.network || !before) throw new EngineError('invalid', SHARED_NAMESPACE);
  if (before.endpoints.some(({ networkId }) => networkId === network.id)) {
    throw new EngineError('denied', `endpoint with name ${name} already exists in network ${network.name}`);
  }
  using _hold = context.networks.hold([network.id], name);
  // Crash: what stands in the namespace and is on no record goes when the next daemon restores.
  record.minke.sandbox = { ...before, changing: true };
  save(context, container);
  try {
    const request = endpointRequest(context, container, network.network, settings);
    const ports = portRequests(record.config, record.hostConfig);
    const sandbox = await context.net.connect(container.id, request, ports);
    record.minke.sandbox = sandbox;
    record.networks[network.name] = settings;
    applySandbox(context, container, sandbox);
    updateContainerFiles(context, record, { before, sandbox });
  } catch (error) {
    record.minke.sandbox = before;
    save(context, container);
    throw withEndpointName(error, container);
  }
  save(context, container);
  announceNetwork(context, container, network, 'connect');
}

/** Compat: moby `updateNetworkSettings`. */
function refuseConflicts(context: ContainersContext, { record }: Container, network: EngineNetwork): void {
  if (network.driver === 'host' && record.hostConfig.NetworkMode !== 'host') {
    throw new EngineError('invalid', HOST_NETWORK);
  }
  for (const name of Object.keys(record.networks)) {
    const other = context.networks.findIfThere(name);
    if (!other || other.id === network.id) continue;
    const conflict = conflictBetween(other, network);
    if (conflict) throw conflict;
  }
}

export function refuseRemoved({ id, status }: Container): void {
  if (status !== 'removing' && status !== 'dead') return;
  throw new EngineError(
    'internal',
    `Container ${id} is marked for removal and cannot be connected or disconnected to the network`,
  );
}
