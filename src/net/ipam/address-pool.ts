import { EngineError } from '../../base/mod.ts';
import type { BridgeNetwork } from '../net.ts';
import { formatIpv4, parseIpv4, parseSubnet, subnetContains } from './address.ts';

type PoolNetwork = Pick<BridgeNetwork, 'id' | 'name' | 'subnet' | 'gateway' | 'ipRange' | 'reserved'>;

/**
 * Who has which address, for each network. Only in memory: containers' records are the truth, and `restore` reads
 * them. Compat: the lowest free address is given, as dockerd does (moby libnetwork/ipam), so that the first
 * container of the default network has .2, and the next one too when that one is gone.
 */
export class AddressPool {
  readonly #networks = new Map<string, Taken>();

  /** An address of the network for `owner`: the one asked for, or the lowest free one. */
  allocate(network: PoolNetwork, owner: string, wanted?: string): string {
    const subnet = parseSubnet(network.subnet);
    if (!subnet) throw new EngineError('invalid', `invalid subnet ${network.subnet}`);
    const taken = this.#of(network.id);
    const last = subnet.base + subnet.size - 1;
    const unusable = (address: number) =>
      (subnet.prefixLength < 31 && (address === subnet.base || address === last)) ||
      address === parseIpv4(network.gateway) ||
      taken.owners.has(address);
    const reserved = new Set(network.reserved?.map(parseIpv4));
    if (wanted !== undefined) {
      const address = parseIpv4(wanted);
      if (address === undefined || !subnetContains(subnet, address)) {
        throw new EngineError('invalid', `no configured subnet contains IP address ${wanted}`);
      }
      if (unusable(address) || reserved.has(address))
        throw new EngineError('denied', 'Address already in use');
      return taken.give(address, owner);
    }
    const range = parseSubnet(network.ipRange ?? network.subnet) ?? subnet;
    const end = range.base + range.size;
    for (let address = Math.max(range.base, taken.lowest(range.base)); address < end; address++) {
      if (unusable(address) || reserved.has(address)) continue;
      taken.noFreeBelow(range.base, address);
      return taken.give(address, owner);
    }
    const which = `${network.name} (${network.id})`;
    throw new EngineError(
      'unavailable',
      `no available IPv4 addresses on this network's address pools: ${which}`,
    );
  }

  /** Notes that `owner` has this address already. */
  adopt(networkId: string, address: string, owner: string): void {
    const value = parseIpv4(address);
    if (value !== undefined) this.#of(networkId).give(value, owner);
  }

  /** Gives the address back, if it is `owner`'s. */
  release(networkId: string, address: string, owner: string): void {
    const value = parseIpv4(address);
    const taken = this.#networks.get(networkId);
    if (value === undefined || taken?.owners.get(value) !== owner) return;
    taken.take(value);
    if (taken.owners.size === 0) this.#networks.delete(networkId);
  }

  clear(): void {
    this.#networks.clear();
  }

  #of(networkId: string): Taken {
    let taken = this.#networks.get(networkId);
    if (taken) return taken;
    taken = new Taken();
    this.#networks.set(networkId, taken);
    return taken;
  }
}

/** The owners, and for each range begun at a base where the search for a free address may start. */
class Taken {
  readonly owners = new Map<number, string>();
  readonly #lowest = new Map<number, number>();

  lowest(base: number): number {
    return this.#lowest.get(base) ?? base;
  }

  noFreeBelow(base: number, address: number): void {
    this.#lowest.set(base, address);
  }

  give(address: number, owner: string): string {
    this.owners.set(address, owner);
    return formatIpv4(address);
  }

  take(address: number): void {
    this.owners.delete(address);
    for (const [base, lowest] of this.#lowest) {
      if (address >= base && address < lowest) this.#lowest.set(base, address);
    }
  }
}
