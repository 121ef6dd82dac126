import { EngineError } from '../../base/mod.ts';
import type { Pool } from '../net.ts';
import { contains, formatAddress, lastOf, parseAddress, parsePrefix } from './prefix.ts';

/** A pool of a network, of either family. */
type PoolNetwork = Pick<Pool, 'subnet' | 'gateway' | 'ipRange' | 'reserved'> & { id: string; name: string };

/**
 * Who has which address, for each network and family. Only in memory: containers' records are the truth, and `restore`
 * reads them. Compat: the lowest free address is given, as dockerd does (moby libnetwork/ipam), so that the first
 * container of the default network has .2, and the next one too when that one is gone. So with IPv6 since Docker 28;
 * before, the default bridge made it of the hardware address.
 */
export class AddressPool {
  /** By network; an address knows its family by its text. */
  readonly #networks = new Map<string, { 4: Taken; 6: Taken }>();

  /** An address of the network for `owner`: the one asked for, or the lowest free one. Canonical text. */
  allocate(network: PoolNetwork, owner: string, wanted?: string): string {
    const subnet = parsePrefix(network.subnet);
    if (!subnet) throw new EngineError('invalid', `invalid subnet ${network.subnet}`);
    const { family, length, base } = subnet;
    const taken = this.#of(network.id)[family];
    const last = lastOf(subnet);
    const gateway = network.gateway === '' ? undefined : parseAddress(network.gateway)?.value;
    const unusable = (value: bigint) =>
      (family === 4 ? length < 31 && (value === base || value === last) : value === base) ||
      value === gateway ||
      taken.owners.has(value);
    const reserved = new Set(network.reserved?.map((text) => parseAddress(text)?.value));
    if (wanted !== undefined) {
      const address = parseAddress(wanted);
      if (!address || !contains(subnet, address)) {
        throw new EngineError('invalid', `no configured subnet contains IP address ${wanted}`);
      }
      if (unusable(address.value) || reserved.has(address.value))
        throw new EngineError('denied', 'Address already in use');
      taken.owners.set(address.value, owner);
      return formatAddress(address);
    }
    const range = parsePrefix(network.ipRange ?? network.subnet) ?? subnet;
    const end = lastOf(range);
    for (let value = taken.lowest(range.base); value <= end; value++) {
      if (unusable(value) || reserved.has(value)) continue;
      taken.noFreeBelow(range.base, value);
      taken.owners.set(value, owner);
      return formatAddress({ family, value });
    }
    const which = `${network.name} (${network.id})`;
    throw new EngineError(
      'unavailable',
      `no available IPv${family} addresses on this network's address pools: ${which}`,
    );
  }

  /** Notes that `owner` has this address already. */
  adopt(networkId: string, text: string, owner: string): void {
    const address = parseAddress(text);
    if (address) this.#of(networkId)[address.family].owners.set(address.value, owner);
  }

  /** Gives the address back, if it is `owner`'s. */
  release(networkId: string, text: string, owner: string): void {
    const address = parseAddress(text);
    const taken = this.#networks.get(networkId);
    if (!address || taken?.[address.family].owners.get(address.value) !== owner) return;
    taken[address.family].take(address.value);
    if (taken[4].owners.size === 0 && taken[6].owners.size === 0) this.#networks.delete(networkId);
  }

  clear(): void {
    this.#networks.clear();
  }

  #of(networkId: string): { 4: Taken; 6: Taken } {
    let taken = this.#networks.get(networkId);
    if (taken) return taken;
    taken = { 4: new Taken(), 6: new Taken() };
    this.#networks.set(networkId, taken);
    return taken;
  }
}

/** The owners, and for each range begun at a base where the search for a free address may start. */
class Taken {
  readonly owners = new Map<bigint, string>();
  readonly #lowest = new Map<bigint, bigint>();

  lowest(base: bigint): bigint {
    return this.#lowest.get(base) ?? base;
  }

  noFreeBelow(base: bigint, value: bigint): void {
    this.#lowest.set(base, value);
  }

  take(value: bigint): void {
    this.owners.delete(value);
    for (const [base, lowest] of this.#lowest) {
      if (value >= base && value < lowest) this.#lowest.set(base, value);
    }
  }
}
