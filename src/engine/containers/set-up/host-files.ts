import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';

const LOCAL_HOSTS = [
  ['127.0.0.1', 'localhost'],
  ['::1', 'localhost ip6-localhost ip6-loopback'],
  ['fe00::', 'ip6-localnet'],
  ['ff00::', 'ip6-mcastprefix'],
  ['ff02::1', 'ip6-allnodes'],
  ['ff02::2', 'ip6-allrouters'],
] as const;

/** Content of a container's /etc/hosts. Compat: libnetwork `etchosts`. */
export function hostsFile(options: {
  /** The host's own file, for a container in the host's network; then the container has no line of its own. */
  base?: string;
  hostname: string;
  domainname: string;
  addresses: string[];
  /** `name:address` or `name=address`, as `ExtraHosts` has them; `host-gateway` becomes a line for each of `gateways`. */
  extraHosts: string[];
  gateways: readonly string[];
}): string {
  const lines: string[] =
    options.base === undefined
      ? LOCAL_HOSTS.map(([address, names]) => `${address}\t${names}`)
      : options.base.trimEnd().split('\n');
  for (const entry of options.extraHosts) {
    const cut = entry.search(/[:=]/);
    const address = entry.slice(cut + 1).replace(/^\[(.*)\]$/, '$1');
    const real = address === 'host-gateway' ? options.gateways : [address];
    if (cut > 0) for (const ip of real) lines.push(`${ip}\t${entry.slice(0, cut)}`);
  }
  const { hostname, domainname } = options;
  // Compat: a name with a domain, given either way, is followed by its first label.
  const full = domainname === '' ? hostname : `${hostname}.${domainname}`;
  const names = full.includes('.') ? `${full} ${full.split('.')[0]}` : full;
  for (const address of options.addresses) lines.push(`${address}\t${names}`);
  return `${lines.join('\n')}\n`;
}

export interface DnsSettings {
  servers: string[];
  search: string[];
  options: string[];
}

/**
 * Content of a container's /etc/resolv.conf, from the host's and what was asked for. Servers on loopback are the
 * host's own and cannot be reached from a sandbox, so they are left out where `ownNamespace`; if none remains,
 * Docker's fall-back servers stand in. Compat: libnetwork `resolvconf`.
 */
export function resolvConf(host: string, asked: DnsSettings, ownNamespace: boolean): string {
  const rows = host
    .split('\n')
    .map((line) =>
      line
        .replace(/[#;].*$/, '')
        .trim()
        .split(/\s+/),
    )
    .filter((words) => words.length > 1);
  const valuesOf = (key: string) =>
    rows.filter(([first]) => first === key).flatMap((words) => words.slice(1));
  const lastSearch =
    rows
      .filter(([first]) => first === 'search')
      .at(-1)
      ?.slice(1) ?? [];
  const hostServers = valuesOf('nameserver').filter(
    (ip) => isIP(ip) !== 0 && !(ownNamespace && isLoopback(ip)),
  );
  const fallback = ownNamespace ? ['8.8.8.8', '8.8.4.4'] : [];
  const servers = asked.servers.length > 0 ? asked.servers : hostServers.length > 0 ? hostServers : fallback;
  const search = asked.search.length > 0 ? asked.search.filter((domain) => domain !== '.') : lastSearch;
  const options = asked.options.length > 0 ? asked.options : valuesOf('options');
  const lines = servers.map((ip) => `nameserver ${ip}`);
  if (search.length > 0) lines.push(`search ${search.join(' ')}`);
  if (options.length > 0) lines.push(`options ${options.join(' ')}`);
  return `${lines.join('\n')}\n`;
}

/** The host's own resolver configuration; systemd-resolved's stub is replaced by the file with its real servers. */
export function hostResolvConf(): string {
  const own = readIfThere('/etc/resolv.conf');
  const stub = /^\s*nameserver\s+127\.0\.0\.53\s*$/m.test(own);
  return (stub && readIfThere('/run/systemd/resolve/resolv.conf')) || own;
}

/** The host's own /etc/hosts. */
export function hostHosts(): string {
  return readIfThere('/etc/hosts');
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function isLoopback(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1';
}
