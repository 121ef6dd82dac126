import { Nfnetlink, type RewriteChain, type RewriteRule, replaceRewriteTable } from '../../sys/mod.ts';

/** Where containers ask. */
export const SERVER_ADDRESS = Uint8Array.of(127, 0, 0, 11);

/** Our table in each namespace that has a server. Nothing else is in it, and no other table is touched. */
export const REDIRECT_TABLE = 'minke_dns';

const DNS_PORT = 53;
const PROTOCOLS = { udp: { number: 17, checksumAt: 6 }, tcp: { number: 6, checksumAt: 16 } } as const;
const SOURCE_PORT = 0;
const TARGET_PORT = 2;
const SOURCE_ADDRESS = 12;
const TARGET_ADDRESS = 16;

/** Before connection tracking (-200), which thereby sees one and the same port both ways, and after it (NF_IP_PRI_LAST). */
const BEFORE_TRACKING = -300;
const AFTER_TRACKING = 300;

const portBytes = (port: number) => Uint8Array.of(port >> 8, port & 255);

/**
 * Leads port 53 of 127.0.0.11 to the ports where the server listens, and back. The packets are rewritten, without
 * connection tracking. Why not `dnat`: each query would leave an entry in the kernel for 30 seconds, and a container
 * that floods could fill the table. Why not listening at port 53: a container that is a DNS server could not bind it.
 */
export function redirectChains(ports: { udp: number; tcp: number }): RewriteChain[] {
  const rules = (addressAt: number, portAt: number, from: (port: number) => [number, number]) =>
    (['udp', 'tcp'] as const).map((protocol): RewriteRule => {
      const [match, set] = from(ports[protocol]);
      const { number, checksumAt } = PROTOCOLS[protocol];
      return {
        protocol: number,
        match: [
          { base: 'network', offset: addressAt, bytes: SERVER_ADDRESS },
          { base: 'transport', offset: portAt, bytes: portBytes(match) },
        ],
        set: { base: 'transport', offset: portAt, bytes: portBytes(set) },
        checksumAt,
      };
    });
  return [
    {
      name: 'to_server',
      hook: 'output',
      priority: BEFORE_TRACKING,
      rules: rules(TARGET_ADDRESS, TARGET_PORT, (port) => [DNS_PORT, port]),
    },
    {
      name: 'from_server',
      hook: 'postrouting',
      priority: AFTER_TRACKING,
      rules: rules(SOURCE_ADDRESS, SOURCE_PORT, (port) => [port, DNS_PORT]),
    },
  ];
}

/** Puts the redirection in the place of an older one, by a socket of the namespace that is meant. */
export function installRedirect(socket: Nfnetlink, ports: { udp: number; tcp: number }): void {
  replaceRewriteTable(socket, REDIRECT_TABLE, redirectChains(ports));
}

export const openFirewallSocket = (): Nfnetlink => new Nfnetlink();
