import type { Rtnetlink } from '../../sys/mod.ts';
import { ensureBridgeLink, removeLinks } from '../bridge/bridge.ts';
import { AddressPool } from '../ipam/address-pool.ts';
import { allocateAddresses } from '../ipam/allocate-addresses.ts';
import { HardwareAddresses } from '../ipam/hardware-addresses.ts';
import { macOfAddress } from '../ipam/mac.ts';
import type { BridgeNetwork, Endpoint, EndpointRequest } from '../net.ts';
import { addEndpoint, cutEndpoint, hostInterfaceName, repairEndpoint } from './bridge-endpoint.ts';
import type { EndpointDriver } from './endpoint-driver.ts';
import { disablesIpv6 } from './endpoint-sysctls.ts';
import type { OpenSandbox } from './namespace.ts';

/** Endpoints of bridge networks: a veth pair each. */
export class BridgeEndpoints implements EndpointDriver<BridgeNetwork> {
  readonly #host: () => Rtnetlink;
  readonly #addresses = new AddressPool();
  readonly #hardware = new HardwareAddresses();
  /** All that have addresses: where a bridge is made anew, they are put on it again. */
  readonly #known = new Map<string, Endpoint>();

  constructor(host: () => Rtnetlink) {
    this.#host = host;
  }

  allocate(request: EndpointRequest & { network: BridgeNetwork }, interface_: string): Endpoint {
    const { endpointId, network, ipv4, ipv6, mac, names, links, gatewayPriority } = request;
    const families = disablesIpv6(request.sysctls) ? withoutIpv6(network) : network;
    const addresses = allocateAddresses(this.#addresses, families, endpointId, { ipv4, ipv6 });
    const endpoint: Endpoint = {
      endpointId,
      networkId: network.id,
      driver: 'bridge',
      bridge: network.bridge,
      interface: interface_,
      hostInterface: hostInterfaceName(endpointId),
      mac: mac ?? macOfAddress(addresses.ipv4 || (addresses.ipv6 ?? '')),
      ...addresses,
      names,
      ...(links && { links }),
      ...(gatewayPriority && { gatewayPriority }),
    };
    this.#known.set(endpointId, endpoint);
    return endpoint;
  }

  adopt(endpoint: Endpoint): void {
    this.#hardware.changed(endpoint);
    const { networkId, ipv4, ipv6, endpointId } = endpoint;
    this.#known.set(endpointId, endpoint);
    for (const address of [ipv4, ipv6 ?? '']) this.#addresses.adopt(networkId, address, endpointId);
  }

  release({ networkId, ipv4, ipv6, endpointId }: Endpoint): void {
    this.#known.delete(endpointId);
    for (const address of [ipv4, ipv6 ?? '']) this.#addresses.release(networkId, address, endpointId);
  }

  add(
    sandbox: OpenSandbox,
    endpoint: Endpoint,
    network: BridgeNetwork,
    { gateway }: { gateway: { ipv4: boolean; ipv6: boolean } },
  ): void {
    const announce = this.#hardware.changed(endpoint);
    if (!this.#host().link(network.bridge)) this.#makeAnew(network);
    addEndpoint(this.#host(), sandbox, endpoint, network, { gateway, announce });
  }

  cut({ hostInterface }: Endpoint): void {
    cutEndpoint(this.#host(), hostInterface);
  }

  async remove(_sandbox: OpenSandbox, endpoint: Endpoint): Promise<void> {
    this.cut(endpoint);
    await removeLinks([endpoint.hostInterface]);
  }

  repair(endpoint: Endpoint, network: BridgeNetwork): boolean {
    return repairEndpoint(this.#host(), endpoint, network);
  }

  /** Somebody deleted the bridge: whoever starts next brings it back, for all that are on it. */
  #makeAnew(network: BridgeNetwork): void {
    ensureBridgeLink(this.#host(), network);
    for (const endpoint of this.#known.values()) {
      if (endpoint.networkId === network.id) repairEndpoint(this.#host(), endpoint, network);
    }
  }

  /** Nobody has an address any more: the restore begins. */
  clear(): void {
    this.#addresses.clear();
    this.#known.clear();
  }

  /** The network is gone. */
  forget(network: BridgeNetwork): void {
    this.#hardware.forget(network.id);
  }
}

/** As a container sees it that has IPv6 switched off. */
function withoutIpv6({ ipv6: _off, ...network }: BridgeNetwork): BridgeNetwork {
  return network;
}
