import type { PortMap } from '../../spec/docker/mod.ts';
import { parseUint } from '../flags/go-values.ts';
import { isIP } from '../flags/ip.ts';
import { cut } from './cut.ts';

export interface Ports {
  exposed: Record<string, object>;
  bindings: PortMap;
}

/** What `--publish` and `--expose` ask for together. Compat: docker/go-connections `nat.ParsePortSpec`. */
export function parsePorts(publish: readonly string[], expose: readonly string[]): Ports {
  const ports: Ports = { exposed: {}, bindings: {} };
  for (const text of publish) publishOne(ports, text.includes('=') ? fromLongForm(text) : text);
  for (const text of expose) exposeOne(ports, text);
  return ports;
}

function publishOne(ports: Ports, text: string): void {
  const parts = text.split(':');
  const [port, protocol] = splitProtocol(parts.pop() ?? '');
  const host = parts.pop() ?? '';
  const address = parts.join(':').replace(/^\[(.*)\]$/, '$1');
  if (address !== '' && !isIP(address)) throw new Error(`invalid IP address: ${address}`);
  if (port === '') throw new Error(`no port specified: ${text}<empty>`);
  const inside = range(port, `invalid containerPort: ${port}`);
  const outside = host === '' ? undefined : range(host, `invalid hostPort: ${host}`);
  const count = inside.end - inside.start + 1;
  const hostCount = outside ? outside.end - outside.start + 1 : count;
  if (hostCount !== count && count !== 1) {
    throw new Error(`invalid ranges specified for container and host Ports: ${port} and ${host}`);
  }
  if (!['tcp', 'udp', 'sctp'].includes(protocol)) throw new Error(`invalid proto: ${protocol}`);
  for (let i = 0; i < count; i++) {
    const key = `${inside.start + i}/${protocol}`;
    let hostPort = outside ? String(outside.start + i) : '';
    if (outside && count === 1 && hostCount > 1) hostPort = `${outside.start}-${outside.end}`;
    ports.exposed[key] = {};
    ports.bindings[key] = [...(ports.bindings[key] ?? []), { HostIp: address, HostPort: hostPort }];
  }
}

function exposeOne(ports: Ports, text: string): void {
  if (text.includes(':')) throw new Error(`invalid port format for --expose: ${text}`);
  const [port, protocol] = splitProtocol(text);
  let numbers: { start: number; end: number };
  try {
    numbers = range(port);
  } catch (error) {
    throw new Error(`invalid range format for --expose: ${text}, error: ${(error as Error).message}`);
  }
  for (let at = numbers.start; at <= numbers.end; at++) ports.exposed[`${at}/${protocol}`] = {};
}

function splitProtocol(text: string): [port: string, protocol: string] {
  const [port, protocol] = cut(text, '/');
  return [port, port === '' ? '' : protocol.toLowerCase() || 'tcp'];
}

function range(text: string, complaint?: string): { start: number; end: number } {
  try {
    if (text === '') throw new Error('empty string specified for ports');
    const [first, last, isRange] = cut(text, '-');
    const start = parseUint(first, 16);
    const end = isRange ? parseUint(last, 16) : start;
    if (end < start) throw new Error(`invalid range specified for port: ${text}`);
    return { start, end };
  } catch (error) {
    throw complaint ? new Error(complaint) : error;
  }
}

function fromLongForm(text: string): string {
  const fields: Record<string, string> = {};
  for (const field of text.split(',')) {
    const [key, value, found] = cut(field, '=');
    if (!found || key === '') {
      throw new Error(`invalid publish opts format (should be name=value but got '${field}')`);
    }
    fields[key] = value;
  }
  return `${fields['published'] ?? ''}:${fields['target'] ?? ''}/${fields['protocol'] ?? 'tcp'}`;
}
