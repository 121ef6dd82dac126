/**
 * The skeleton of our table, as text for `nft -f`. Sets and maps hold all that changes; rules never change. Loading it
 * again keeps the elements and puts back rules, in one transaction.
 *
 * - `publish`, `publish_any`: (host address .) protocol . port → container address . port.
 * - `bridges`: our bridges. `icc`: pairs of equal names of those whose containers may talk to each other. `internal`:
 *   those without a way out. `home`: bridge . subnet. `natted`: subnets that are masqueraded.
 */
export function tableScript(table: string): string {
  const chains = Object.entries(RULES);
  return [
    `table inet ${table} {`,
    '  set bridges { type ifname; }',
    '  set internal { type ifname; }',
    '  set icc { type ifname . ifname; }',
    '  set home { type ifname . ipv4_addr; flags interval; }',
    '  set natted { type ipv4_addr; flags interval; }',
    '  map publish { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }',
    '  map publish_any { type inet_proto . inet_service : ipv4_addr . inet_service; }',
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

const RULES: Record<string, { hook: string; rules: string[] }> = {
  // Published: the exact address wins over "all addresses".
  published: {
    hook: '',
    rules: [
      'dnat ip to ip daddr . meta l4proto . th dport map @publish',
      'meta nfproto ipv4 dnat ip to meta l4proto . th dport map @publish_any',
    ],
  },
  prerouting: {
    hook: 'type nat hook prerouting priority dstnat; policy accept;',
    rules: [
      // What is published at 127.0.0.1 must not be reached from outside: translated here, it would escape the
      // kernel's own check for such destinations.
      'iifname != "lo" ip daddr 127.0.0.0/8 return',
      'fib daddr type local jump published',
    ],
  },
  output: {
    hook: 'type nat hook output priority -100; policy accept;',
    rules: ['fib daddr type local jump published'],
  },
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
      'ct state established,related accept',
      'iifname . oifname @icc accept',
      'iifname @internal counter drop',
      'oifname @internal counter drop',
      'ct status dnat accept',
      // From another bridge, from outside to what is not published, between containers with icc=false.
      'oifname @bridges counter drop',
    ],
  },
  forward: {
    hook: 'type filter hook forward priority filter; policy accept;',
    rules: ['iifname @bridges jump ours', 'oifname @bridges jump ours'],
  },
  postrouting: {
    hook: 'type nat hook postrouting priority srcnat; policy accept;',
    rules: [
      // Hairpin: the answer must come back through us.
      'oifname . ip saddr @home ct status dnat masquerade',
      'oifname . ip saddr @home return',
      'oifname @bridges ip saddr 127.0.0.0/8 masquerade',
      'ip saddr @natted masquerade',
    ],
  },
};
