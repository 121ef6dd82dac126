import type { Endpoint } from '../net.ts';
import { macOfAddress } from './mac.ts';

/**
 * Whether neighbours may remember another hardware address for an endpoint's addresses. Not where it is made of the
 * address, now and before. Why not: announce always. A broadcast goes to all ports of the bridge: 3 ms in the start of
 * the 700th container.
 */
export class HardwareAddresses {
  /** Networks and IPv4 addresses that ever had a hardware address that somebody chose. */
  readonly #chosen = new Set<string>();
  /** Of IPv6, whose hardware address is made of the IPv4 one: the last, by network and address. */
  readonly #last = new Map<string, string>();

  /** Takes note of an endpoint that is there from now on. */
  changed({ networkId, ipv4, ipv6, mac }: Endpoint): boolean {
    const key = `${networkId} ${ipv4}`;
    if (ipv4 !== '' && mac !== macOfAddress(ipv4)) this.#chosen.add(key);
    if (ipv6 === undefined) return this.#chosen.has(key);
    const key6 = `${networkId} ${ipv6}`;
    const before = this.#last.get(key6);
    this.#last.set(key6, mac);
    return this.#chosen.has(key) || (before !== undefined && before !== mac);
  }

  /** The network is gone. */
  forget(networkId: string): void {
    for (const key of this.#chosen) if (key.startsWith(`${networkId} `)) this.#chosen.delete(key);
    for (const key of this.#last.keys()) if (key.startsWith(`${networkId} `)) this.#last.delete(key);
  }
}
