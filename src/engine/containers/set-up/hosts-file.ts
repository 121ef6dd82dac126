const LOOPBACK = '127.0.0.1\tlocalhost';
const IPV6_HOSTS = [
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::\tip6-localnet',
  'ff00::\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
];

export interface HostsContent {
  /** False where the container has no IPv6 at all. */
  ipv6: boolean;
  /** `name:address` or `name=address`, as `ExtraHosts` has them; `host-gateway` becomes a line for each of `gateways`. */
  extraHosts: readonly string[];
  gateways: readonly string[];
  /** Its own lines. */
  own: readonly string[];
}

/** Content of a container's /etc/hosts. Compat: libnetwork `etchosts`. */
export function hostsFile({ ipv6, extraHosts, gateways, own }: HostsContent): string {
  const lines = [LOOPBACK, ...(ipv6 ? IPV6_HOSTS : [])];
  for (const entry of extraHosts) {
    const cut = entry.search(/[:=]/);
    const address = entry.slice(cut + 1).replace(/^\[(.*)\]$/, '$1');
    const real = address === 'host-gateway' ? gateways : [address];
    if (cut > 0) for (const ip of real) lines.push(`${ip}\t${entry.slice(0, cut)}`);
  }
  lines.push(...own);
  return `${(ipv6 ? lines : lines.filter((line) => !isIpv6Line(line))).join('\n')}\n`;
}

/** The lines by which a container finds itself: one for each address. */
export function ownLines(
  { hostname, domainname }: { hostname: string; domainname: string },
  addresses: readonly string[],
): string[] {
  // Compat: a name with a domain, given either way, is followed by its first label.
  const full = domainname === '' ? hostname : `${hostname}.${domainname}`;
  const names = full.includes('.') ? `${full} ${full.split('.')[0]}` : full;
  return addresses.map((address) => `${address}\t${names}`);
}

/**
 * The file without these lines. Who changed a line keeps it, and blank lines go. Compat: libnetwork `etchosts.Delete`.
 */
export function withoutLines(text: string, lines: readonly string[]): string {
  const gone = new Set(lines);
  const kept = text.split('\n').filter((line) => line !== '' && !gone.has(line));
  return kept.map((line) => `${line}\n`).join('');
}

/** The file with these lines at its end. */
export function withLines(text: string, lines: readonly string[]): string {
  const head = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return head + lines.map((line) => `${line}\n`).join('');
}

const isIpv6Line = (line: string): boolean => (line.split('\t')[0] ?? '').includes(':');
