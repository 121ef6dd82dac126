import type { Rtnetlink } from '../../sys/mod.ts';
import { removeLinks } from '../bridge/bridge.ts';
import { AddressPool } from '../ipam/address-pool.ts';
import { allocateAddresses } from '../ipam/allocate-addresses.ts';
import { HardwareAddresses } from '../ipam/hardware-addresses.ts';
import { macOfAddress } from '../ipam/mac.ts';
import type { BridgeNetwork, Endpoint, EndpointRequest } from '../net.ts';
import { addEndpoint, cutEndpoint, hostInterfaceName, repairEndpoint } from './bridge-endpoint.ts';
import type { EndpointDriver } from './endpoint-driver.ts';
import type { OpenSandbox } from './namespace.ts';

/** Endpoints of bridge networks: a veth pair each. */
export class BridgeEndpoints implements EndpointDriver<BridgeNetwork> {
  readonly #host: () => Rtnetlink;
  readonly #addresses = new AddressPool();
  readonly #hardware = new HardwareAddresses();

  constructor(host: () => Rtnetlink) {
    this.#host = host;
  }

  allocate(request: EndpointRequest & { network: BridgeNetwork }, interface_: string): Endpoint {
    const { endpointId, network, ipv4, ipv6, mac, names, links, gatewayPriority } = request;
    const addresses = allocateAddresses(this.#addresses, network, endpointId, { ipv4, ipv6 });
    return {
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
  }

  adopt(endpoint: Endpoint): void {
    this.#hardware.changed(endpoint);
    const { networkId, ipv4, ipv6, endpointId } = endpoint;
    for (const address of [ipv4, ipv6 ?? '']) this.#addresses.adopt(networkId, address, endpointId);
  }

  release({ networkId, ipv4, ipv6, endpointId }: Endpoint): void {
    for (const address of [ipv4, ipv6 ?? '']) this.#addresses.release(networkId, address, endpointId);
  }

  add(
    sandbox: OpenSandbox,
    endpoint: Endpoint,
    network: BridgeNetwork,
    { gateway }: { gateway: { ipv4: boolean; ipv6: boolean } },
  ): void {
    const announce = this.#hardware.changed(endpoint);
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

  /** Nobody has an address any more: the restore begins. */
  clear(): void {
    this.#addresses.clear();
  }

  /** The network is gone. */
  forget(network: BridgeNetwork): void {
    this.#hardware.forget(network.id);
  }
}
