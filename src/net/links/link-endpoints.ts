import { EngineError, errnoOf } from '../../base/mod.ts';
import {
  closeNamespace,
  deleteLink,
  openNamespace,
  Rtnetlink,
  setLink,
  visitNamespace,
} from '../../sys/mod.ts';
import { AddressPool } from '../ipam/address-pool.ts';
import { randomMac } from '../ipam/mac.ts';
import { parsePrefix } from '../ipam/prefix.ts';
import type { Endpoint, EndpointRequest, LinkNetwork, Pool } from '../net.ts';
import type { EndpointDriver } from '../sandbox/endpoint-driver.ts';
import type { OpenSandbox } from '../sandbox/namespace.ts';
import { addLinkEndpoint } from './link-endpoint.ts';

/** In place of a gateway: everything is reached straight by the interface (ipvlan in its modes l3 and l3s). */
const ON_LINK = { 4: '0.0.0.0', 6: '::' } as const;

interface Allocated {
  address: string;
  prefixLength: number;
  gateway: string;
}

/** Endpoints of macvlan and ipvlan networks: an interface each, on one of the host's. */
export class LinkEndpoints implements EndpointDriver<LinkNetwork> {
  readonly #host: () => Rtnetlink;
  readonly #addresses = new AddressPool();

  constructor(host: () => Rtnetlink) {
    this.#host = host;
  }

  allocate(request: EndpointRequest & { network: LinkNetwork }, interface_: string): Endpoint {
    const { endpointId, network, mac, names, links, gatewayPriority } = request;
    if (network.driver === 'ipvlan' && mac) {
      // Compat: moby's ipvlan driver.
      throw new EngineError('internal', 'ipvlan interfaces do not support custom mac address assignment');
    }
    const v4 = this.#allocate(request, 4, request.ipv4);
    let v6: Allocated | undefined;
    try {
      v6 = this.#allocate(request, 6, request.ipv6);
    } catch (error) {
      if (v4) this.#addresses.release(network.id, v4.address, endpointId);
      throw error;
    }
    return {
      endpointId,
      networkId: network.id,
      driver: network.driver,
      bridge: '',
      interface: interface_,
      hostInterface: '',
      mac: mac ?? (network.driver === 'macvlan' && network.mode !== 'passthru' ? randomMac() : ''),
      ipv4: v4?.address ?? '',
      prefixLength: v4?.prefixLength ?? 0,
      gateway: v4?.gateway ?? '',
      ...(v6 && { ipv6: v6.address, ipv6PrefixLength: v6.prefixLength, ipv6Gateway: v6.gateway }),
      names,
      ...(links && { links }),
      ...(gatewayPriority && { gatewayPriority }),
    };
  }

  /** From the pool that has the address asked for; else from the first one that is not used up. */
  #allocate(
    { endpointId, network }: EndpointRequest & { network: LinkNetwork },
    family: 4 | 6,
    wanted: string | undefined,
  ): Allocated | undefined {
    const { id, name, pools } = network;
    let failure: unknown;
    for (const pool of pools) {
      const prefix = parsePrefix(pool.subnet);
      if (prefix?.family !== family) continue;
      try {
        const address = this.#addresses.allocate({ id, name, ...pool }, endpointId, wanted);
        return { address, prefixLength: prefix.length, gateway: gatewayOf(network, pool, family) };
      } catch (error) {
        failure = error;
        const code = error instanceof EngineError ? error.code : '';
        if (code !== 'unavailable' && code !== 'invalid') throw error;
      }
    }
    if (failure) throw failure;
    return undefined;
  }

  adopt({ networkId, ipv4, ipv6 = '', endpointId }: Endpoint): void {
    for (const address of [ipv4, ipv6]) this.#addresses.adopt(networkId, address, endpointId);
  }

  release({ networkId, ipv4, ipv6 = '', endpointId }: Endpoint): void {
    for (const address of [ipv4, ipv6]) this.#addresses.release(networkId, address, endpointId);
  }

  add(
    sandbox: OpenSandbox,
    endpoint: Endpoint,
    network: LinkNetwork,
    { gateway }: { gateway: { ipv4: boolean; ipv6: boolean } },
  ): void {
    const mac = addLinkEndpoint(this.#host(), sandbox, endpoint, network, { gateway });
    // Compat: the address of an ipvlan is its parent's, and is not shown.
    if (network.driver === 'macvlan') endpoint.mac = mac;
  }

  /**
   * Why not: leaving it to the end of the namespace, as veths are. The kernel takes its time for that, and meanwhile it
   * answers for its address, and a parent in mode passthru is not free.
   */
  async cut({ interface: name }: Endpoint, netns: string): Promise<void> {
    let fd: number;
    try {
      fd = openNamespace(netns);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return;
      throw error;
    }
    try {
      using inside = visitNamespace(fd, () => new Rtnetlink());
      inside.request(setLink(name, { up: false }));
      await inside.requestSlowly(deleteLink(name));
    } catch (error) {
      // EINVAL: a file from which somebody took the namespace away.
      if (errnoOf(error) !== 'ENODEV' && errnoOf(error) !== 'EINVAL') throw error;
    } finally {
      closeNamespace(fd);
    }
  }

  async remove({ inside }: OpenSandbox, { interface: name }: Endpoint): Promise<void> {
    try {
      await inside.requestSlowly(deleteLink(name));
    } catch (error) {
      if (errnoOf(error) !== 'ENODEV') throw error;
    }
  }

  /** Nothing of it is on the host: what is there works. */
  repair(): boolean {
    return true;
  }

  /** Nobody has an address any more: the restore begins. */
  clear(): void {
    this.#addresses.clear();
  }
}

/** Compat: internal networks, and those without a parent, have no way out. */
function gatewayOf(
  { driver, mode, internal, parent }: LinkNetwork,
  { gateway }: Pool,
  family: 4 | 6,
): string {
  if (internal || parent === '') return '';
  return driver === 'ipvlan' && mode !== 'l2' ? ON_LINK[family] : gateway;
}
