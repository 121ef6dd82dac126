import type { Rtnetlink } from '../../sys/mod.ts';
import { removeLinks } from '../bridge/bridge.ts';
import { parseSubnet } from '../ipam/address.ts';
import { AddressPool } from '../ipam/address-pool.ts';
import { macOfAddress } from '../ipam/mac.ts';
import type { BridgeNetwork, Endpoint, EndpointRequest } from '../net.ts';
import { addEndpoint, cutEndpoint, hostInterfaceName, repairEndpoint } from './bridge-endpoint.ts';
import type { EndpointDriver } from './endpoint-driver.ts';
import type { OpenSandbox } from './namespace.ts';

/** Endpoints of bridge networks: a veth pair each. */
export class BridgeEndpoints implements EndpointDriver<BridgeNetwork> {
  readonly #host: () => Rtnetlink;
  readonly #addresses = new AddressPool();
  /** Networks and addresses that ever had a hardware address that somebody chose. */
  readonly #chosenMacs = new Set<string>();

  constructor(host: () => Rtnetlink) {
    this.#host = host;
  }

  allocate(request: EndpointRequest & { network: BridgeNetwork }, interface_: string): Endpoint {
    const { endpointId, network, ipv4: wanted, mac, names, links, gatewayPriority } = request;
    const ipv4 = this.#addresses.allocate(network, endpointId, wanted);
    return {
      endpointId,
      networkId: network.id,
      driver: 'bridge',
      bridge: network.bridge,
      interface: interface_,
      hostInterface: hostInterfaceName(endpointId),
      mac: mac ?? macOfAddress(ipv4),
      ipv4,
      prefixLength: parseSubnet(network.subnet)?.prefixLength ?? 32,
      // Compat: who is on an internal network has no way out.
      gateway: network.internal ? '' : network.gateway,
      names,
      ...(links && { links }),
      ...(gatewayPriority && { gatewayPriority }),
    };
  }

  adopt(endpoint: Endpoint): void {
    this.#needsAnnouncement(endpoint);
    this.#addresses.adopt(endpoint.networkId, endpoint.ipv4, endpoint.endpointId);
  }

  release({ networkId, ipv4, endpointId }: Endpoint): void {
    this.#addresses.release(networkId, ipv4, endpointId);
  }

  add(
    sandbox: OpenSandbox,
    endpoint: Endpoint,
    network: BridgeNetwork,
    { gateway }: { gateway: { ipv4: boolean; ipv6: boolean } },
  ): void {
    const announce = this.#needsAnnouncement(endpoint);
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

  /**
   * Whether neighbours may remember another hardware address. Not where it is made of the address, now and before. Why
   * not: always. A broadcast goes to all ports of the bridge: 3 ms in the start of the 700th container.
   */
  #needsAnnouncement({ networkId, ipv4, mac }: Endpoint): boolean {
    const key = `${networkId} ${ipv4}`;
    if (mac !== macOfAddress(ipv4)) this.#chosenMacs.add(key);
    return this.#chosenMacs.has(key);
  }
}
