/** What differs from daemon to daemon. */
export interface RulesetOptions {
  table: string;
  /** `ip6tables`: false leaves IPv6 alone. */
  ipv6: boolean;
  /** What is published is judged by the host's INPUT chains first; packets go to this nflog group. */
  judge?: { group: number };
}

/** The chain for the administrator's rules. Only made, never flushed. */
export const USER_CHAIN = 'MINKE-USER';

/** Sets that hold what `publish`, `ranges` and so on have for keys: a map cannot be asked whether it has one. */
const HELD = ['held', 'held_any', 'held_ranges', 'held_ranges_any'] as const;

/** Names and types of our sets and maps, but for the family: `v6` twins have a 6 at the end. */
function setsOf(options: RulesetOptions): Record<string, string> {
  const sets: Record<string, string> = {
    bridges: 'set { type ifname; }',
    internal: 'set { type ifname; }',
    icc: 'set { type ifname . ifname; }',
    trusted: 'set { type ifname . ifname; }',
  };
  for (const [suffix, address] of [
    ['', 'ipv4_addr'],
    ['6', 'ipv6_addr'],
  ] as const) {
    const service = 'inet_proto . inet_service';
    Object.assign(sets, {
      [`home${suffix}`]: `set { type ifname . ${address}; flags interval; }`,
      [`natted${suffix}`]: `set { type ${address}; flags interval; }`,
      [`open${suffix}`]: 'set { type ifname; }',
      [`routed${suffix}`]: 'set { type ifname; }',
      [`reach${suffix}`]: `set { type ${address} . ${service}; flags interval; }`,
      [`publish${suffix}`]: `map { type ${address} . ${service} : ${address} . inet_service; }`,
      [`publish_any${suffix}`]: `map { type ${service} : ${address} . inet_service; }`,
      [`ranges${suffix}`]: `map { type ${address} . ${service} : ${address}; flags interval; }`,
      [`ranges_any${suffix}`]: `map { type ${service} : ${address}; flags interval; }`,
    });
    if (!options.judge) continue;
    for (const name of HELD) {
      const key = name.endsWith('_any') ? service : `${address} . ${service}`;
      sets[`${name}${suffix}`] = `set { type ${key};${name.includes('ranges') ? ' flags interval;' : ''} }`;
    }
  }
  return sets;
}

/** Names of all sets and maps: what a comparison with the kernel goes through. */
export function setNames(options: RulesetOptions): string[] {
  return Object.keys(setsOf(options));
}

/**
 * The skeleton of our table, as text for `nft -f`. Sets and maps hold all that changes; rules never change. Loading it
 * again keeps the elements and the administrator's rules and puts back ours, in one transaction.
 *
 * - `publish`, `publish_any`: (host address .) protocol . port → container address . port. `ranges`, `ranges_any`: many
 *   ports that keep their number. `held…`: the same keys, where INPUT chains judge.
 * - `bridges`: our bridges. `icc`: pairs of equal names of those whose containers may talk to each other. `internal`:
 *   those without a way out. `home`: bridge . subnet. `natted`: subnets that are masqueraded. `routed`, `open`: bridges
 *   whose published ports, or all ports, are reached at the container's own address; `reach` has those ports.
 *   `trusted`: interface . bridge, from where published ports are reached so too.
 */
export function tableScript(options: RulesetOptions): string {
  const { table } = options;
  const chains = Object.entries(rulesOf(options));
  return [
    `table inet ${table} {`,
    ...Object.entries(setsOf(options)).map(([name, text]) => `  ${text.replace(/^\w+/, `$& ${name}`)}`),
    `  chain ${USER_CHAIN} { }`,
    ...chains.map(([name, { hook }]) => `  chain ${name} { ${hook} }`),
    '}',
    ...chains.map(([name]) => `flush chain inet ${table} ${name}`),
    `table inet ${table} {`,
    ...chains.flatMap(([name, { rules }]) => [
      `  chain ${name} {`,
      ...rules.map((rule) => `    ${rule}`),
      '  }',
    ]),
    '}',
    '',
  ].join('\n');
}

/** Names of the chains whose rules are ours: all but the administrator's. */
export function chainNames(options: RulesetOptions): string[] {
  return Object.keys(rulesOf(options));
}

const SERVICE = 'meta l4proto . th dport';

function rulesOf(options: RulesetOptions): Record<string, { hook: string; rules: string[] }> {
  const { judge, ipv6 } = options;
  return {
    // The exact address wins over "all addresses".
    published: {
      hook: '',
      rules: [
        `dnat ip to ip daddr . ${SERVICE} map @publish`,
        `dnat ip to ip daddr . ${SERVICE} map @ranges`,
        `meta nfproto ipv4 dnat ip to ${SERVICE} map @publish_any`,
        `meta nfproto ipv4 dnat ip to ${SERVICE} map @ranges_any`,
        `dnat ip6 to ip6 daddr . ${SERVICE} map @publish6`,
        `dnat ip6 to ip6 daddr . ${SERVICE} map @ranges6`,
        `meta nfproto ipv6 dnat ip6 to ${SERVICE} map @publish_any6`,
        `meta nfproto ipv6 dnat ip6 to ${SERVICE} map @ranges_any6`,
      ],
    },
    prerouting: {
      hook: 'type nat hook prerouting priority dstnat; policy accept;',
      rules: [
        // What is published at 127.0.0.1 must not be reached from outside: translated here, it would escape the
        // kernel's own check for such destinations.
        'iifname != "lo" ip daddr 127.0.0.0/8 return',
        ...(judge ? [] : ['fib daddr type local jump published']),
      ],
    },
    output: {
      hook: 'type nat hook output priority -100; policy accept;',
      // ::1 cannot be translated: a listener of the daemon stands there.
      rules: ['ip6 daddr ::1 return', 'fib daddr type local jump published'],
    },
    ...(judge && { judged: judgement(judge.group) }),
    // route_localnet on our bridges lets 127.0.0.0/8 through in both directions; only answers may use it.
    guard: {
      hook: 'type filter hook prerouting priority raw; policy accept;',
      rules: [
        'iifname @bridges ip daddr 127.0.0.0/8 counter drop',
        'iifname @bridges ip saddr 127.0.0.0/8 counter drop',
      ],
    },
    ours: {
      hook: '',
      rules: [
        ...(ipv6 ? [] : ['meta nfproto ipv6 accept']),
        'iifname . oifname @icc accept',
        // Before what is established: an internal network has no connections that go through here.
        'iifname @internal counter drop',
        'oifname @internal counter drop',
        'ct state established,related accept',
        'ct status dnat accept',
        'oifname @routed meta l4proto icmp accept',
        'oifname @routed6 meta l4proto ipv6-icmp accept',
        `oifname @routed ip daddr . ${SERVICE} @reach accept`,
        `oifname @routed6 ip6 daddr . ${SERVICE} @reach6 accept`,
        `iifname . oifname @trusted ip daddr . ${SERVICE} @reach accept`,
        `iifname . oifname @trusted ip6 daddr . ${SERVICE} @reach6 accept`,
        'iifname != @bridges oifname @open meta nfproto ipv4 accept',
        'iifname != @bridges oifname @open6 meta nfproto ipv6 accept',
        // From another bridge, from outside to what is not published, between containers with icc=false.
        'oifname @bridges counter drop',
      ],
    },
    forward: {
      hook: 'type filter hook forward priority filter; policy accept;',
      rules: [`jump ${USER_CHAIN}`, 'iifname @bridges jump ours', 'oifname @bridges jump ours'],
    },
    postrouting: {
      hook: 'type nat hook postrouting priority srcnat; policy accept;',
      rules: [
        // Hairpin: the answer must come back through us.
        'oifname . ip saddr @home ct status dnat masquerade',
        'oifname . ip saddr @home return',
        'oifname . ip6 saddr @home6 ct status dnat masquerade',
        'oifname . ip6 saddr @home6 return',
        'oifname @bridges ip saddr 127.0.0.0/8 masquerade',
        'ip saddr @natted masquerade',
        'ip6 saddr @natted6 masquerade',
      ],
    },
  };
}

/**
 * Behind all INPUT chains: what came here was accepted as if a program of the host listened at the port. The first
 * packet of a flow goes to the daemon, which sends it on its way again as a packet of the host's own, where `output`
 * translates it; what follows it goes by the connection that this has made.
 */
function judgement(group: number): { hook: string; rules: string[] } {
  const take = `log group ${group} snaplen 65535 queue-threshold 1 drop`;
  return {
    hook: 'type filter hook input priority 1000; policy accept;',
    rules: [
      'iifname "lo" return',
      'ct state established,related return',
      `ip daddr . ${SERVICE} @held ${take}`,
      `ip daddr . ${SERVICE} @held_ranges ${take}`,
      `meta nfproto ipv4 ${SERVICE} @held_any ${take}`,
      `meta nfproto ipv4 ${SERVICE} @held_ranges_any ${take}`,
      `ip6 daddr . ${SERVICE} @held6 ${take}`,
      `ip6 daddr . ${SERVICE} @held_ranges6 ${take}`,
      `meta nfproto ipv6 ${SERVICE} @held_any6 ${take}`,
      `meta nfproto ipv6 ${SERVICE} @held_ranges_any6 ${take}`,
    ],
  };
}
