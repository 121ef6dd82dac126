import type { PortRequest, PublishedPort } from '../net.ts';

/**
 * Which of the published ports fulfil the requests, so that a change leaves them alone: pure. `everywhere` is where a
 * request without an address is published, '' = all addresses of both families.
 */
export function matchPorts(
  published: readonly PublishedPort[],
  requests: readonly PortRequest[],
  everywhere: string,
): { kept: PublishedPort[]; surplus: PublishedPort[]; missing: PortRequest[] } {
  const left = new Map<string, PublishedPort[]>();
  for (const port of published) {
    const key = `${port.containerPort}/${port.protocol}`;
    left.set(key, [...(left.get(key) ?? []), port]);
  }
  const kept: PublishedPort[] = [];
  const missing: PortRequest[] = [];
  // Those that name a port first: one that takes any must not take theirs.
  const exactFirst = [...requests].sort((a, b) => freedom(a) - freedom(b));
  for (const request of exactFirst) {
    const key = `${request.containerPort}/${request.protocol}`;
    const candidates = left.get(key) ?? [];
    const isPlace = placesOf(request.hostIp === '' ? everywhere : request.hostIp);
    const first = candidates.find((port) => isPlace(port.hostIp) && isNumber(request, port.hostPort));
    if (!first) {
      missing.push(request);
      continue;
    }
    const mine = candidates.filter((port) => port.hostPort === first.hostPort && isPlace(port.hostIp));
    kept.push(...mine);
    left.set(
      key,
      candidates.filter((port) => !mine.includes(port)),
    );
  }
  return { kept, surplus: [...left.values()].flat(), missing };
}

function freedom({ hostPort }: PortRequest): number {
  if (typeof hostPort !== 'number') return 1;
  return hostPort === 0 ? 2 : 0;
}

function placesOf(asked: string): (hostIp: string) => boolean {
  return asked === '' ? (hostIp) => hostIp === '0.0.0.0' || hostIp === '::' : (hostIp) => hostIp === asked;
}

function isNumber({ hostPort }: PortRequest, port: number): boolean {
  if (typeof hostPort !== 'number') return port >= hostPort[0] && port <= hostPort[1];
  return hostPort === 0 || hostPort === port;
}
