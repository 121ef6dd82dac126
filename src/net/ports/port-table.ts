import { constants } from 'node:os';
import { EngineError } from '../../base/mod.ts';
import { parseIpv4, parseIpv6 } from '../ipam/address.ts';
import type { PortRequest, PublishedPort } from '../net.ts';
import { PortError } from './port-error.ts';

type Protocol = PortRequest['protocol'];

/** Binds and closes; 0 or the errno. `both`: everywhere, v4 and v6 at once. A test gives its own. */
export type Probe = (protocol: Protocol, address: Buffer | 'both', port: number) => number;

const FIRST_EPHEMERAL = 32768;
const LAST_EPHEMERAL = 60999;
const { EAFNOSUPPORT, EADDRNOTAVAIL } = constants.errno;

/**
 * The host ports that containers have. Only in memory, as `AddressPool`. A port is probed by a bind when it is given
 * out and not held afterwards: a process of the host that takes it later is shadowed for clients from outside.
 */
export class PortTable {
  /** `tcp/8080` → who has it at which address. */
  readonly #taken = new Map<string, { hostIp: string; owner: string }[]>();
  readonly #probe: Probe;
  #nextEphemeral = FIRST_EPHEMERAL;

  constructor(probe: Probe) {
    this.#probe = probe;
  }

  /**
   * Reserves a port for `owner`; throws PortError if it cannot be had. One entry for each address family.
   * `defaultIp` is where a request without an address is published: '' = everywhere, v4 and v6.
   */
  reserve(owner: string, request: PortRequest, defaultIp: string): PublishedPort[] {
    const asked = request.hostIp === '' ? defaultIp : request.hostIp;
    const addresses = asked === '' ? EVERYWHERE : addressesOf(asked);
    const { protocol, containerPort, hostPort } = request;
    const take = (port: number, usable: string[]): PublishedPort[] => {
      for (const hostIp of usable) this.adopt(owner, { protocol, hostIp, hostPort: port });
      return usable.map((hostIp) => ({ protocol, containerPort, hostIp, hostPort: port }));
    };
    if (typeof hostPort === 'number' && hostPort !== 0) {
      return take(hostPort, this.#usable(protocol, addresses, hostPort));
    }
    const ephemeral = typeof hostPort === 'number';
    const [from, to] = ephemeral ? [FIRST_EPHEMERAL, LAST_EPHEMERAL] : hostPort;
    let port = ephemeral ? this.#nextEphemeral : from;
    for (let tried = from; tried <= to; tried++) {
      try {
        const usable = this.#usable(protocol, addresses, port);
        if (ephemeral) this.#nextEphemeral = port === to ? from : port + 1;
        return take(port, usable);
      } catch (error) {
        if (!(error instanceof PortError) || (from === to && tried === to)) throw error;
      }
      port = port === to ? from : port + 1;
    }
    throw new EngineError('internal', 'all ports are allocated');
  }

  /** Notes that `owner` has this port already. */
  adopt(owner: string, port: Pick<PublishedPort, 'protocol' | 'hostIp' | 'hostPort'>): void {
    const key = `${port.protocol}/${port.hostPort}`;
    const entries = this.#taken.get(key);
    if (entries) entries.push({ hostIp: port.hostIp, owner });
    else this.#taken.set(key, [{ hostIp: port.hostIp, owner }]);
  }

  /** Gives the ports back that are `owner`'s. */
  release(owner: string, ports: readonly Pick<PublishedPort, 'protocol' | 'hostIp' | 'hostPort'>[]): void {
    for (const port of ports) {
      const key = `${port.protocol}/${port.hostPort}`;
      const left = this.#taken
        .get(key)
        ?.filter((entry) => entry.owner !== owner || entry.hostIp !== port.hostIp);
      if (left?.length) this.#taken.set(key, left);
      else this.#taken.delete(key);
    }
  }

  clear(): void {
    this.#taken.clear();
  }

  /** The addresses at which the port is free; without those that the host cannot have (no IPv6) and nobody named. */
  #usable(protocol: Protocol, addresses: readonly HostAddress[], port: number): string[] {
    const taken = this.#taken.get(`${protocol}/${port}`) ?? [];
    // One bind for both families: 10,000 ports take half the time. What fails is looked at one by one.
    const isEverywhere = addresses.length > 1;
    if (isEverywhere && taken.length === 0 && this.#probe(protocol, 'both', port) === 0) {
      return addresses.map(({ hostIp }) => hostIp);
    }
    return addresses.flatMap(({ hostIp, bytes, optional }) => {
      if (taken.some((entry) => overlap(entry.hostIp, hostIp))) {
        throw new PortError(protocol, hostIp, port, 'container');
      }
      const errno = this.#probe(protocol, bytes, port);
      if (errno === 0) return [hostIp];
      if (optional && (errno === EAFNOSUPPORT || errno === EADDRNOTAVAIL)) return [];
      throw new PortError(protocol, hostIp, port, 'host', errno);
    });
  }
}

interface HostAddress {
  hostIp: string;
  bytes: Buffer;
  optional: boolean;
}

const EVERYWHERE: readonly HostAddress[] = [
  { hostIp: '0.0.0.0', bytes: Buffer.alloc(4), optional: false },
  { hostIp: '::', bytes: Buffer.alloc(16), optional: true },
];

function addressesOf(hostIp: string): HostAddress[] {
  const v4 = parseIpv4(hostIp);
  const v6 = v4 === undefined ? parseIpv6(hostIp) : undefined;
  if (v6) return [{ hostIp, bytes: v6, optional: false }];
  if (v4 === undefined) throw new EngineError('invalid', `invalid IP address: ${hostIp}`);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(v4);
  return [{ hostIp, bytes, optional: false }];
}

function overlap(one: string, other: string): boolean {
  const v6 = one.includes(':');
  if (v6 !== other.includes(':')) return false;
  const any = v6 ? '::' : '0.0.0.0';
  return one === any || other === any || one === other;
}
