import type { EndpointSettings, NetworkingConfig } from '../../spec/docker/mod.ts';
import { parseInt64 } from '../flags/go-values.ts';
import { readCsv } from './csv.ts';
import { cut } from './cut.ts';

/** One `--network`: its name and what it says of the container there. */
export interface NetworkRequest {
  target: string;
  aliases: string[];
  links: string[];
  linkLocalIps: string[];
  driverOpts: Record<string, string>;
  ip: string;
  ip6: string;
  mac: string;
  priority: number;
}

/** `--network NAME`, or `--network name=NAME,alias=A,ip=…`. Compat: docker/cli `opts.NetworkOpt`. */
export function parseNetwork(text: string): NetworkRequest {
  const request = requestFor(text);
  if (!/\w+=\w+(,\w+=\w+)*/.test(text)) return request;
  request.target = '';
  for (const field of readCsv(text)) {
    const [rawKey, rawValue, found] = cut(field, '=');
    if (!found || rawKey === '') throw new Error(`invalid field ${field}`);
    assign(request, rawKey.trim().toLowerCase(), rawValue.trim().toLowerCase(), rawValue);
  }
  if (request.target === '') throw new Error('network name/id is not specified');
  return request;
}

function assign(request: NetworkRequest, key: string, value: string, raw: string): void {
  if (key === 'name') request.target = value;
  else if (key === 'alias') request.aliases.push(value);
  else if (key === 'ip') request.ip = value;
  else if (key === 'ip6') request.ip6 = value;
  else if (key === 'mac-address') request.mac = value;
  else if (key === 'link-local-ip') request.linkLocalIps.push(value);
  else if (key === 'driver-opt') {
    const [name, setting, found] = cut(raw, '=');
    if (!found || name === '') throw new Error('invalid key value pair format in driver options');
    request.driverOpts[name.trim().toLowerCase()] = setting.trim();
  } else if (key === 'gw-priority') {
    try {
      request.priority = parseInt64(value);
    } catch (error) {
      throw new Error(`invalid gw-priority (${value}): ${(error as Error).message.split(': ').at(-1) ?? ''}`);
    }
  } else throw new Error(`invalid field key ${key}`);
}

/** The older flags, which speak of the first network. */
export interface FirstNetworkFlags {
  networkAlias: string[];
  link: string[];
  linkLocalIp: string[];
  ip: string;
  ip6: string;
  macAddress: string;
}

/** The endpoints of a create request, and the network mode. */
export function networking(
  texts: readonly string[],
  first: FirstNetworkFlags,
): { mode: string; config: NetworkingConfig } {
  const requests = (texts.length > 0 ? texts : ['default']).map(parseNetworkOrName);
  const [main = requestFor('default')] = requests;
  applyFirst(main, first);
  const endpoints: Record<string, Partial<EndpointSettings>> = {};
  const kinds = new Set<boolean>();
  for (const request of requests) {
    kinds.add(isUserDefined(request.target));
    const endpoint = endpointOf(request);
    if (Object.hasOwn(endpoints, request.target)) {
      throw new Error(`network ${JSON.stringify(request.target)} is specified multiple times`);
    }
    endpoints[request.target] = endpoint;
  }
  if (kinds.size > 1) {
    throw new Error(
      'conflicting options: cannot attach both user-defined and non-user-defined network-modes',
    );
  }
  return { mode: main.target, config: { EndpointsConfig: endpoints } };
}

function parseNetworkOrName(text: string): NetworkRequest {
  return text === '' ? requestFor('') : parseNetwork(text);
}

function requestFor(target: string): NetworkRequest {
  const lists = { aliases: [], links: [], linkLocalIps: [], driverOpts: {} };
  return { target, ...lists, ip: '', ip6: '', mac: '', priority: 0 };
}

function applyFirst(main: NetworkRequest, first: FirstNetworkFlags): void {
  const conflict = (both: boolean, flag: string, own: string) => {
    if (both) throw new Error(`conflicting options: cannot specify both --${flag} and per-network ${own}`);
  };
  conflict(main.aliases.length > 0 && first.networkAlias.length > 0, 'network-alias', 'alias');
  conflict(main.ip !== '' && first.ip !== '', 'ip', 'IPv4 address');
  conflict(main.ip6 !== '' && first.ip6 !== '', 'ip6', 'IPv6 address');
  conflict(main.mac !== '' && first.macAddress !== '', 'mac-address', 'MAC address');
  conflict(
    main.linkLocalIps.length > 0 && first.linkLocalIp.length > 0,
    'link-local-ip',
    'link-local IP addresses',
  );
  main.aliases.push(...first.networkAlias);
  if (isUserDefined(main.target)) main.links.push(...first.link);
  main.linkLocalIps.push(...first.linkLocalIp);
  main.ip ||= first.ip;
  main.ip6 ||= first.ip6;
  main.mac ||= first.macAddress;
}

function endpointOf(request: NetworkRequest): Partial<EndpointSettings> {
  if (request.target.trim() === '') throw new Error('no name set for network');
  if (!isUserDefined(request.target)) {
    if (request.aliases.length > 0) {
      throw new Error('network-scoped aliases are only supported for user-defined networks');
    }
    if (request.links.length > 0) throw new Error('links are only supported for user-defined networks');
  }
  if (request.mac !== '' && !/^([\da-f]{2}([:-]|$)){6}$/i.test(request.mac)) {
    throw new Error(`${request.mac} is not a valid mac address`);
  }
  return {
    IPAMConfig: ipamOf(request),
    Links: orNull(request.links),
    Aliases: orNull(request.aliases),
    MacAddress: request.mac,
    DriverOpts: Object.keys(request.driverOpts).length > 0 ? request.driverOpts : null,
    GwPriority: request.priority,
  };
}

function ipamOf({ ip, ip6, linkLocalIps }: NetworkRequest): EndpointSettings['IPAMConfig'] {
  if (ip === '' && ip6 === '' && linkLocalIps.length === 0) return null;
  return {
    ...(ip ? { IPv4Address: ip } : {}),
    ...(ip6 ? { IPv6Address: ip6 } : {}),
    ...(linkLocalIps.length > 0 ? { LinkLocalIPs: linkLocalIps } : {}),
  };
}

function isUserDefined(target: string): boolean {
  return !['default', 'bridge', 'host', 'none'].includes(target) && !target.startsWith('container:');
}

function orNull<T>(list: T[]): T[] | null {
  return list.length > 0 ? list : null;
}
