import { concat, type SetElement } from '../../sys/mod.ts';
import { ipv4Bytes, parseIpv6 } from '../ipam/address.ts';
import type { PublishedPort } from '../net.ts';
import type { SetAndElements } from './elements.ts';

/** Elements of the maps of published ports. Pure. */

/** The published ports of one container and the addresses they lead to. */
export interface Publication {
  /** Who; shown as the elements' comment. */
  owner: string;
  /** IPv4 address of the container; undefined: what is published at IPv4 addresses is not translated. */
  target?: string | undefined;
  target6?: string | undefined;
  ports: readonly PublishedPort[];
  /** By family: its network is routed, so nothing is translated, but the ports are reached at the container. */
  routed?: boolean | undefined;
  routed6?: boolean | undefined;
  /** The ports are also reached at the container's own address, from interfaces that the network trusts. */
  trusting?: boolean | undefined;
}

/**
 * From how many equal ports on they are one interval. Why not always: what changes a set of intervals costs 6 µs for
 * each that is there, also for the neighbours' sake (measured: 10,000 of them, 60 ms); fewer ports cost less one by one.
 */
const INTERVAL_FROM = 16;

const PROTOCOLS = { tcp: 6, udp: 17, sctp: 132 } as const;

export function protocolNumber(protocol: PublishedPort['protocol']): number {
  return PROTOCOLS[protocol];
}

/** A run of ports, one after another, that keep their number, or one that does not. */
interface Run {
  protocol: PublishedPort['protocol'];
  hostIp: string;
  from: number;
  to: number;
  containerPort: number;
}

/** What the firewall has to know of a container's ports; with `judged`, also what INPUT chains are asked about. */
export function publicationElements(
  publication: Publication,
  options: { judged: boolean; ipv6: boolean },
): SetAndElements[] {
  const { target, target6, routed, routed6, trusting } = publication;
  const comment = publication.owner.slice(0, 12);
  return runsOf(publication.ports).flatMap((run) => {
    const v6 = run.hostIp.includes(':');
    if (v6 && !options.ipv6) return [];
    const address = addressBytes(v6, v6 ? target6 : target);
    if (!address) return [];
    const isRouted = v6 ? routed6 : routed;
    return [
      ...(isRouted || trusting ? [reachable(run, v6, address)] : []),
      ...(isRouted ? [] : translated(run, v6, address, comment, options.judged)),
    ];
  });
}

function translated(
  run: Run,
  v6: boolean,
  address: Buffer,
  comment: string,
  judged: boolean,
): SetAndElements[] {
  const isRange = run.to > run.from;
  const any = run.hostIp === (v6 ? '::' : '0.0.0.0');
  const suffix = `${any ? '_any' : ''}${v6 ? '6' : ''}`;
  const at = (port: number) => {
    const service = serviceBytes(run.protocol, port);
    return any ? service : concat(addressBytes(v6, run.hostIp) ?? Buffer.alloc(0), service);
  };
  const key: SetElement = { key: at(run.from), ...(isRange && { keyEnd: at(run.to) }), comment };
  const data = isRange ? address : concat(address, portBytes(run.containerPort));
  return [
    { set: `${isRange ? 'ranges' : 'publish'}${suffix}`, elements: [{ ...key, data }] },
    ...(judged ? [{ set: `held${isRange ? '_ranges' : ''}${suffix}`, elements: [key] }] : []),
  ];
}

/** The container's own ports: a run that keeps its numbers is one interval here too. */
function reachable(run: Run, v6: boolean, address: Buffer): SetAndElements {
  const at = (port: number) => concat(address, serviceBytes(run.protocol, port));
  const key = at(run.containerPort);
  const keyEnd = at(run.containerPort + run.to - run.from);
  return { set: v6 ? 'reach6' : 'reach', elements: [{ key, keyEnd }] };
}

/** Ports that follow each other and keep their number become one run, if there are enough of them. */
function runsOf(ports: readonly PublishedPort[]): Run[] {
  const runs: Run[] = [];
  const byPlace = new Map<string, PublishedPort[]>();
  for (const port of ports) {
    const { protocol, hostIp, hostPort: from, containerPort } = port;
    if (from !== containerPort) {
      runs.push({ protocol, hostIp, from, to: from, containerPort });
      continue;
    }
    const place = `${protocol} ${hostIp}`;
    const known = byPlace.get(place);
    if (known) known.push(port);
    else byPlace.set(place, [port]);
  }
  for (const same of byPlace.values()) {
    same.sort((a, b) => a.hostPort - b.hostPort);
    let start = 0;
    for (let at = 1; at <= same.length; at++) {
      const previous = same[at - 1];
      const first = same[start];
      if (!previous || !first || same[at]?.hostPort === previous.hostPort + 1) continue;
      const { protocol, hostIp } = first;
      if (at - start >= INTERVAL_FROM) {
        const from = first.hostPort;
        runs.push({ protocol, hostIp, from, to: previous.hostPort, containerPort: from });
      } else {
        for (const { hostPort: from } of same.slice(start, at)) {
          runs.push({ protocol, hostIp, from, to: from, containerPort: from });
        }
      }
      start = at;
    }
  }
  return runs;
}

function addressBytes(v6: boolean, text: string | undefined): Buffer | undefined {
  if (text === undefined || text === '') return undefined;
  return v6 ? parseIpv6(text) : ipv4Bytes(text);
}

function serviceBytes(protocol: PublishedPort['protocol'], port: number): Buffer {
  return concat(Buffer.of(protocolNumber(protocol)), portBytes(port));
}

function portBytes(port: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(port);
  return bytes;
}
