import { Cleanup, type ContainerId, EngineError, type Logger, type NetworkId } from '../../base/mod.ts';
import { gather } from '../gather.ts';
import { removeStrays } from '../links/strays.ts';
import type { Endpoint, EndpointRequest, Network, PortRequest, Sandbox, SandboxRequest } from '../net.ts';
import type { EndpointDriver } from './endpoint-driver.ts';
import { applyEndpointSysctls } from './endpoint-sysctls.ts';
import { byGateway, gatewaysOf, setDefaultRoutes } from './gateway.ts';
import type { Namespaces, OpenSandbox } from './namespace.ts';
import type { SandboxService } from './sandbox-service.ts';

interface Parts {
  namespaces: Namespaces;
  /** All networks that are there. */
  networks: ReadonlyMap<NetworkId, Network>;
  driverOf(driver: Network['driver']): EndpointDriver;
  /** In the order in which they open. */
  services: readonly SandboxService[];
  log: Logger;
}

/**
 * The sandboxes that are up, and their changes. One change of one container at a time: the caller sees to that. A
 * sandbox in here is replaced, never changed, so that who reads it sees all of a change or nothing.
 */
export class LiveSandboxes {
  readonly #live = new Map<ContainerId, Sandbox>();
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** For who answers questions about all of them. */
  get all(): ReadonlyMap<ContainerId, Sandbox> {
    return this.#live;
  }

  async setUp(request: SandboxRequest): Promise<Sandbox> {
    const { id } = request;
    const { namespaces, networks, services } = this.#parts;
    if (this.#live.has(id))
      throw new EngineError('conflict', `container ${id} has a network sandbox already`);
    refuseTwice(request.endpoints.flatMap((endpoint) => endpoint.interface ?? []));
    const resolver = request.endpoints.find((endpoint) => endpoint.resolver)?.resolver;
    const sandbox: Sandbox = {
      netns: namespaces.path(id),
      endpoints: [],
      ports: [],
      ...(resolver && { resolver }),
    };
    this.#live.set(id, sandbox);
    await using cleanup = this.#undo(id);
    cleanup.defer('tear down', () => this.tearDown(id, sandbox));
    const requests = new Map(request.endpoints.map((endpoint) => [endpoint.endpointId, endpoint]));
    for (const endpoint of request.endpoints)
      sandbox.endpoints.push(this.#driver(endpoint.network).allocate(endpoint, ''));
    if (sandbox.endpoints.length > 1) sandbox.endpoints.sort(byGateway(networks));
    for (const endpoint of sandbox.endpoints) {
      endpoint.interface =
        requests.get(endpoint.endpointId)?.interface ??
        freeName(prefixOf(requests.get(endpoint.endpointId)?.network), sandbox.endpoints, request.endpoints);
    }
    for (const service of services) await service.prepare?.(id, sandbox, request.ports);
    const gateways = gatewaysOf(sandbox.endpoints, networks);
    using namespace = namespaces.create(id, request.namespace);
    for (const endpoint of sandbox.endpoints) {
      const network = requests.get(endpoint.endpointId)?.network;
      if (!network) continue;
      const gateway = { ipv4: endpoint === gateways.ipv4, ipv6: endpoint === gateways.ipv6 };
      this.#driver(network).add(namespace, endpoint, network, { gateway });
      applyEndpointSysctls(namespace, endpoint.interface, requests.get(endpoint.endpointId)?.sysctls);
    }
    for (const service of services) await service.open(id, sandbox, namespace);
    cleanup.keep();
    return structuredClone(sandbox);
  }

  async connect(id: ContainerId, request: EndpointRequest, ports: readonly PortRequest[]): Promise<Sandbox> {
    const before = this.#get(id);
    const driver = this.#driver(request.network);
    using namespace = this.#parts.namespaces.openPinned(id);
    await using cleanup = this.#undo(id);
    const { interface: asked } = request;
    if (asked !== undefined && isTakenInside(asked, before.endpoints, namespace)) throw takenName(asked);
    const name = asked ?? freeNameInside(prefixOf(request.network), before.endpoints, namespace);
    const endpoint = driver.allocate(request, name);
    cleanup.defer('give addresses back', () => driver.release(endpoint));
    cleanup.defer('remove the interface', () => driver.remove(namespace, endpoint));
    driver.add(namespace, endpoint, request.network, { gateway: { ipv4: false, ipv6: false } });
    applyEndpointSysctls(namespace, endpoint.interface, request.sysctls);
    const resolver = before.resolver ?? request.resolver;
    const sandbox: Sandbox = {
      ...structuredClone(before),
      endpoints: [...before.endpoints, endpoint],
      ...(resolver && { resolver }),
    };
    cleanup.defer('put the route back', () => this.#route(namespace, before));
    this.#route(namespace, sandbox);
    for (const service of this.#parts.services) {
      cleanup.defer('put ports and names back', () =>
        service.change(id, structuredClone(before), { before: sandbox, ports, namespace }),
      );
      await service.change(id, sandbox, { before, ports, namespace });
    }
    this.#live.set(id, sandbox);
    cleanup.keep();
    return structuredClone(sandbox);
  }

  async disconnect(id: ContainerId, endpointId: string, ports: readonly PortRequest[]): Promise<Sandbox> {
    const before = this.#get(id);
    const endpoint = before.endpoints.find((one) => one.endpointId === endpointId);
    if (!endpoint) return structuredClone(before);
    const sandbox = {
      ...structuredClone(before),
      endpoints: before.endpoints.filter((one) => one !== endpoint),
    };
    const driver = this.#parts.driverOf(endpoint.driver ?? 'bridge');
    using namespace = this.#parts.namespaces.openPinned(id);
    this.#live.set(id, sandbox);
    await gather([
      () => this.#route(namespace, sandbox),
      ...this.#parts.services.map(
        (service) => () => service.change(id, sandbox, { before, ports, namespace }),
      ),
      () => driver.remove(namespace, endpoint),
      () => driver.release(endpoint),
    ]);
    return structuredClone(sandbox);
  }

  /** A change that leaves the endpoints as they are: `change` gives what the sandbox is then. */
  async update(id: ContainerId, change: (before: Sandbox) => Promise<Sandbox>): Promise<Sandbox> {
    const sandbox = await change(structuredClone(this.#get(id)));
    this.#live.set(id, sandbox);
    return structuredClone(sandbox);
  }

  async rename(id: ContainerId, names: ReadonlyMap<string, string[]>): Promise<void> {
    const before = this.#live.get(id);
    if (!before) return;
    const sandbox = structuredClone(before);
    for (const endpoint of sandbox.endpoints)
      endpoint.names = names.get(endpoint.endpointId) ?? endpoint.names ?? [];
    this.#live.set(id, sandbox);
    for (const service of this.#parts.services) await service.rename?.(id, sandbox);
  }

  async tearDown(id: ContainerId, sandbox: Sandbox | undefined): Promise<void> {
    const { services, namespaces, driverOf } = this.#parts;
    const known = this.#live.get(id);
    const release = () => {
      this.#live.delete(id);
      for (const service of services) service.release?.(id, known);
      for (const endpoint of known?.endpoints ?? []) driverOf(endpoint.driver ?? 'bridge').release(endpoint);
    };
    await gather([
      ...services.map((service) => () => service.close(id, known ?? sandbox)),
      ...((known ?? sandbox)?.endpoints.map(
        (endpoint) => () => driverOf(endpoint.driver ?? 'bridge').cut(endpoint, namespaces.path(id)),
      ) ?? []),
      () => namespaces.remove(id),
      // Only now may others have them, and also where something failed: else the container could not start again.
      // What an older life of the container had may be another's by now.
      release,
    ]);
  }

  /** The drivers have forgotten all addresses. */
  async restore(live: readonly { id: ContainerId; sandbox: Sandbox }[]): Promise<void> {
    this.#live.clear();
    for (const { id, sandbox } of live) {
      const { changing, ...rest } = structuredClone(sandbox);
      this.#live.set(id, rest);
      for (const endpoint of sandbox.endpoints) this.#adopt(id, endpoint);
      if (changing) await this.#repairChange(id, rest);
    }
    for (const service of this.#parts.services) await service.restore(live);
  }

  #adopt(id: ContainerId, endpoint: Endpoint): void {
    const driver = this.#parts.driverOf(endpoint.driver ?? 'bridge');
    driver.adopt(endpoint);
    const network = this.#parts.networks.get(endpoint.networkId);
    this.#try('cannot repair an interface', { container: id, ...endpoint }, () => {
      if (network && driver.repair(endpoint, network)) return;
      this.#parts.log.warn('an interface of a running container is gone', { container: id, ...endpoint });
    });
  }

  /** One container's trouble must not keep the daemon from starting. */
  async #repairChange(id: ContainerId, sandbox: Sandbox): Promise<void> {
    try {
      using namespace = this.#parts.namespaces.openPinned(id);
      await removeStrays(namespace, sandbox.endpoints);
      this.#route(namespace, sandbox);
    } catch (error) {
      this.#parts.log.error('cannot repair what a change was cut off from', { container: id, error });
    }
  }

  /** One container's trouble must not keep the daemon from starting. */
  #try(what: string, fields: Record<string, unknown>, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#parts.log.error(what, { ...fields, error });
    }
  }

  #route(namespace: OpenSandbox, { endpoints }: Sandbox): void {
    setDefaultRoutes(namespace, gatewaysOf(endpoints, this.#parts.networks));
  }

  #driver(network: Network): EndpointDriver {
    return this.#parts.driverOf(network.driver);
  }

  #get(id: ContainerId): Sandbox {
    const sandbox = this.#live.get(id);
    if (!sandbox) throw new EngineError('conflict', `container ${id} has no network sandbox`);
    return sandbox;
  }

  #undo(id: ContainerId): Cleanup {
    return new Cleanup((what, error) => this.#parts.log.warn('undo failed', { what, container: id, error }));
  }
}

const prefixOf = (network: Network | undefined): string =>
  (network?.driver === 'bridge' && network.interfacePrefix) || 'eth';

/** The lowest `eth<n>` that no endpoint has and no request asks for. */
function freeName(
  prefix: string,
  endpoints: readonly Endpoint[],
  requests: readonly EndpointRequest[],
): string {
  return lowestFree(prefix, (name) => [...endpoints, ...requests].some((one) => one.interface === name));
}

/** As `freeName`, and the container's own interfaces are not in the way. */
function freeNameInside(prefix: string, endpoints: readonly Endpoint[], namespace: OpenSandbox): string {
  return lowestFree(prefix, (name) => isTakenInside(name, endpoints, namespace));
}

const isTakenInside = (name: string, endpoints: readonly Endpoint[], { inside }: OpenSandbox): boolean =>
  endpoints.some((one) => one.interface === name) || inside.link(name) !== undefined;

/** Names asked for in a sandbox that is to be made, where `lo` alone is there before them. */
function refuseTwice(asked: readonly string[]): void {
  const twice = asked.find((name, index) => name === 'lo' || asked.indexOf(name) !== index);
  if (twice !== undefined) throw takenName(twice);
}

const takenName = (name: string): EngineError =>
  new EngineError('conflict', `the container has an interface ${JSON.stringify(name)} already`);

function lowestFree(prefix: string, isTaken: (name: string) => boolean): string {
  for (let index = 0; ; index++) if (!isTaken(`${prefix}${index}`)) return `${prefix}${index}`;
}
