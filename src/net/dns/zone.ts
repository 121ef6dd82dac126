import { ipv4Bytes, parseIpv6 } from '../ipam/address.ts';
import type { NamedHost, SandboxView } from './protocol.ts';

interface Host {
  endpointId: string;
  containerId: string;
  names: readonly string[];
  ipv4: Uint8Array | undefined;
  ipv6: Uint8Array | undefined;
}

interface ZoneNetwork {
  name: string;
  hosts: Map<string, Host>;
  byName: Map<string, Set<Host>>;
  byContainer: Map<string, Host>;
  /** By what a PTR question calls the address. */
  byArpa: Map<string, Host>;
}

/** The addresses that a name has for somebody. */
export interface Found {
  ipv4: Uint8Array[];
  ipv6: Uint8Array[];
}

/**
 * Who is called what on which network. Names do not differ by case. Each question costs a few look-ups for each network
 * of who asks, however many containers there are.
 */
export class Zone {
  readonly #networks = new Map<string, ZoneNetwork>();

  /** Adds an endpoint, or puts it in the place of what it was. */
  add(named: NamedHost): void {
    this.remove(named.networkId, named.endpointId);
    const network = this.#network(named.networkId, named.networkName);
    const host: Host = {
      endpointId: named.endpointId,
      containerId: named.containerId,
      names: [...new Set(named.names.map(normal))],
      ipv4: named.ipv4 ? ipv4Bytes(named.ipv4) : undefined,
      ipv6: named.ipv6 ? parseIpv6(named.ipv6) : undefined,
    };
    network.hosts.set(host.endpointId, host);
    network.byContainer.set(host.containerId, host);
    for (const name of host.names) {
      const sharers = network.byName.get(name);
      if (sharers) sharers.add(host);
      else network.byName.set(name, new Set([host]));
    }
    for (const arpa of arpaNames(host)) network.byArpa.set(arpa, host);
  }

  remove(networkId: string, endpointId: string): void {
    const network = this.#networks.get(networkId);
    const host = network?.hosts.get(endpointId);
    if (!network || !host) return;
    network.hosts.delete(endpointId);
    deleteIf(network.byContainer, host.containerId, host);
    for (const name of host.names) {
      const sharers = network.byName.get(name);
      sharers?.delete(host);
      if (sharers?.size === 0) network.byName.delete(name);
    }
    for (const arpa of arpaNames(host)) deleteIf(network.byArpa, arpa, host);
    if (network.hosts.size === 0) this.#networks.delete(networkId);
  }

  /**
   * What a name (in lower case, without a last dot) means to who sees `view`: of the first network that knows it, its own
   * links first, and after those `name.network`. Undefined if it means nothing. Compat: libnetwork `Sandbox.ResolveName`.
   */
  find(view: SandboxView, name: string): Found | undefined {
    const whole = this.#findOn(view.networks, name);
    if (whole || !name.includes('.')) return whole;
    const suffixed = view.networks
      .map((seen) => ({ seen, suffix: `.${this.#networks.get(seen.id)?.name ?? ''}` }))
      .filter(({ suffix }) => suffix !== '.' && name.length > suffix.length && name.endsWith(suffix))
      // Compat: `a.b.c` is `a.b` on `c` before it is `a` on `b.c`.
      .sort((a, b) => a.suffix.length - b.suffix.length);
    for (const { seen, suffix } of suffixed) {
      const found = this.#findOn([seen], name.slice(0, -suffix.length));
      if (found) return found;
    }
    return undefined;
  }

  /** The full name of an address, which is asked for as `2.0.18.172.in-addr.arpa`. */
  findAddress(view: SandboxView, arpa: string): string | undefined {
    for (const { id } of view.networks) {
      const network = this.#networks.get(id);
      const name = network?.byArpa.get(arpa)?.names[0];
      if (network && name !== undefined) return `${name}.${network.name}`;
    }
    return undefined;
  }

  #findOn(networks: SandboxView['networks'], name: string): Found | undefined {
    for (const { id, links } of networks) {
      const linked = links.find(({ alias }) => normal(alias) === name);
      const host = linked && this.#networks.get(id)?.byContainer.get(linked.containerId);
      if (host) return foundOf([host]);
    }
    for (const { id, links } of networks) {
      if (links.some(({ alias }) => normal(alias) === name)) continue;
      const hosts = this.#networks.get(id)?.byName.get(name);
      if (hosts) return foundOf(hosts);
    }
    return undefined;
  }

  #network(id: string, name: string): ZoneNetwork {
    const known = this.#networks.get(id);
    if (known) return known;
    const made: ZoneNetwork = {
      name: normal(name),
      hosts: new Map(),
      byName: new Map(),
      byContainer: new Map(),
      byArpa: new Map(),
    };
    this.#networks.set(id, made);
    return made;
  }
}

function foundOf(hosts: Iterable<Host>): Found {
  const found: Found = { ipv4: [], ipv6: [] };
  for (const { ipv4, ipv6 } of hosts) {
    if (ipv4) found.ipv4.push(ipv4);
    if (ipv6) found.ipv6.push(ipv6);
  }
  return found;
}

/** As a question spells it: lower case of ASCII alone, no last dot. */
function normal(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replace(/\.$/, '');
}

function arpaNames({ ipv4, ipv6 }: Pick<Host, 'ipv4' | 'ipv6'>): string[] {
  const names: string[] = [];
  if (ipv4) names.push(`${[...ipv4].reverse().join('.')}.in-addr.arpa`);
  if (ipv6) names.push(`${[...Buffer.from(ipv6).toString('hex')].reverse().join('.')}.ip6.arpa`);
  return names;
}

/** Race: another one may have the key by now. */
function deleteIf<K, V>(map: Map<K, V>, key: K, value: V): void {
  if (map.get(key) === value) map.delete(key);
}
