import { isIP } from 'node:net';
import { EngineError } from '../../../base/mod.ts';
import type { PortRequest, PublishedPort } from '../../../net/mod.ts';
import type { ContainerConfig, HostConfig, PortMap } from '../../../spec/docker/mod.ts';

/** Throws `invalid` in Docker's words if a port or binding of the request is none. */
export function validatePorts(
  config: Pick<ContainerConfig, 'ExposedPorts'>,
  hostConfig: Pick<HostConfig, 'PortBindings'>,
): void {
  for (const port of Object.keys(config.ExposedPorts ?? {})) parseContainerPort(port);
  for (const [port, bindings] of Object.entries(hostConfig.PortBindings ?? {})) {
    parseContainerPort(port);
    for (const { HostIp: ip, HostPort: hostPort } of bindings ?? []) {
      parseHostPort(hostPort);
      if (ip !== '' && isIP(ip) === 0)
        throw new EngineError('invalid', `invalid IP address in port-binding: ${ip}`);
    }
  }
}

/** What a start has to publish: the bindings, and with `-P` each exposed port without one. */
export function portRequests(config: ContainerConfig, hostConfig: HostConfig): PortRequest[] {
  const requests: PortRequest[] = [];
  const bound = hostConfig.PortBindings ?? {};
  for (const [port, bindings] of Object.entries(bound)) {
    const target = parseContainerPort(port);
    for (const binding of bindings && bindings.length > 0 ? bindings : [{ HostIp: '', HostPort: '' }]) {
      requests.push({ ...target, hostIp: binding.HostIp, hostPort: parseHostPort(binding.HostPort) });
    }
  }
  if (hostConfig.PublishAllPorts) {
    for (const port of Object.keys(config.ExposedPorts ?? {})) {
      if (bound[port] === undefined) requests.push({ ...parseContainerPort(port), hostIp: '', hostPort: 0 });
    }
  }
  return requests;
}

/** `NetworkSettings.Ports` of a running container. */
export function portMap(config: ContainerConfig, published: PublishedPort[]): PortMap {
  const ports: PortMap = {};
  for (const port of Object.keys(config.ExposedPorts ?? {})) ports[withProtocol(port)] = null;
  for (const { protocol, containerPort, hostIp, hostPort } of published) {
    const key = `${containerPort}/${protocol}`;
    const bindings = ports[key] ?? [];
    ports[key] = [...bindings, { HostIp: hostIp, HostPort: String(hostPort) }];
  }
  return ports;
}

function withProtocol(port: string): string {
  return port.includes('/') ? port : `${port}/tcp`;
}

function parseContainerPort(text: string): { protocol: PortRequest['protocol']; containerPort: number } {
  const [port = '', given = 'tcp'] = text.split('/');
  const protocol = given.toLowerCase();
  const containerPort = parsePort(port);
  if (containerPort === undefined) throw new EngineError('invalid', `invalid port specification: "${port}"`);
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') {
    throw new EngineError('invalid', `invalid port specification: "${text}"`);
  }
  return { protocol, containerPort };
}

function parseHostPort(text: string): PortRequest['hostPort'] {
  if (text === '') return 0;
  const [from = '', to] = text.split('-');
  const first = from === '0' ? 0 : parsePort(from);
  const last = to === undefined ? first : parsePort(to);
  if (first === undefined || last === undefined || last < first) {
    throw new EngineError('invalid', `invalid port specification: "${text}"`);
  }
  return to === undefined ? first : [first, last];
}

function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}
