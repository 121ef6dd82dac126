import { describe, expect, test } from 'bun:test';
import type { SubnetRequest } from './check-subnets.ts';
import { type PlanContext, type PlanRequest, planSubnets } from './plan-subnets.ts';
import { subnetPools } from './subnet-pools.ts';

const ask = (change: Partial<SubnetRequest>): SubnetRequest => ({
  subnet: '',
  ipRange: '',
  gateway: '',
  reserved: {},
  ...change,
});
const plan = (
  config: Partial<SubnetRequest>[],
  request: Partial<PlanRequest> = {},
  context: Partial<PlanContext> = {},
) =>
  planSubnets(
    { driver: 'bridge', ipv4: true, ipv6: false, ...request, config: config.map(ask) },
    { pools: subnetPools([], ''), taken: [], hostSubnets: () => [], ...context },
  );

describe('planSubnets', () => {
  test('chooses what nobody has, with the first address as gateway', () => {
    const context = {
      taken: [{ subnet: '172.17.0.0/16', ipRange: '' }],
      hostSubnets: () => ['172.18.7.0/24'],
    };
    expect(plan([], {}, context)).toEqual([ask({ subnet: '172.19.0.0/16', gateway: '172.19.0.1' })]);
    expect(plan([], { ipv6: true }, context)).toEqual([
      ask({ subnet: '172.19.0.0/16', gateway: '172.19.0.1' }),
      ask({ subnet: 'fd42:98fc:1c14::/64', gateway: 'fd42:98fc:1c14::1' }),
    ]);
    expect(plan([], { ipv4: false, ipv6: true }).map(({ subnet }) => subnet)).toEqual([
      'fd42:98fc:1c14::/64',
    ]);
  });

  test('takes what was asked for, in one spelling, also where the host has it', () => {
    const asked = {
      subnet: 'FD00:0::/64',
      ipRange: 'fd00::aa00/120',
      gateway: 'fd00:0::FE',
      reserved: { printer: 'fd00::0007' },
    };
    expect(
      plan([{ subnet: '10.5.0.0/24' }, asked], { ipv6: true }, { hostSubnets: () => ['10.5.0.0/16'] }),
    ).toEqual([
      ask({ subnet: '10.5.0.0/24', gateway: '10.5.0.1' }),
      ask({
        subnet: 'fd00::/64',
        ipRange: 'fd00::aa00/120',
        gateway: 'fd00::fe',
        reserved: { printer: 'fd00::7' },
      }),
    ]);
    // A subnet of a family that is off says nothing.
    expect(plan([{ subnet: 'fd00::/64', gateway: 'nonsense' }]).map(({ subnet }) => subnet)).toEqual([
      '172.17.0.0/16',
    ]);
  });

  test('takes the first address of a range as gateway, as Docker does', () => {
    const gateway = (subnet: string, ipRange: string) => plan([{ subnet, ipRange }])[0]?.gateway;
    expect(gateway('172.28.0.0/16', '172.28.5.0/24')).toBe('172.28.5.0');
    expect(gateway('172.28.0.0/16', '172.28.0.0/24')).toBe('172.28.0.1');
    expect(gateway('10.0.0.4/31', '')).toBe('10.0.0.4');
    expect(gateway('10.0.0.4/32', '')).toBe('10.0.0.4');
  });

  test('refuses what Docker refuses, in its words', () => {
    const taken = [
      { subnet: '10.1.0.0/16', ipRange: '10.1.4.0/24' },
      { subnet: 'fd01::/64', ipRange: '' },
    ];
    const cases: [Partial<SubnetRequest>[], string][] = [
      [
        [{ subnet: '10.1.9.0/24' }],
        'invalid pool request: Pool overlaps with other one on this address space',
      ],
      [[{ subnet: 'fd01::/48' }], 'Pool overlaps'],
      [[{ subnet: '10.1.0.0/16', ipRange: '10.1.5.0/24' }], 'Pool overlaps'],
      [
        [{ subnet: '10.0.0/8' }],
        'invalid network config:\ninvalid subnet 10.0.0/8: invalid CIDR block notation',
      ],
      [[{ gateway: '10.0.0.1' }], 'invalid subnet : invalid CIDR block notation'],
      [[{ subnet: '10.2.3.4/16' }], 'invalid subnet 10.2.3.4/16: it should be 10.2.0.0/16'],
      [
        [{ subnet: '10.2.0.0/16', gateway: '10.3.0.1' }],
        "invalid gateway 10.3.0.1: parent subnet 10.2.0.0/16 doesn't contain this address",
      ],
      [
        [{ subnet: '10.2.0.0/16', gateway: 'fd00::1' }],
        'invalid gateway fd00::1: parent subnet is an IPv4 block',
      ],
      [[{ subnet: '10.2.0.0/16', gateway: 'x' }], 'invalid gateway x: invalid address'],
      [
        [{ subnet: '10.2.0.0/16', ipRange: '10.3.0.0/24' }],
        "invalid ip-range 10.3.0.0/24: parent subnet 10.2.0.0/16 doesn't contain ip-range",
      ],
      [
        [{ subnet: '10.2.0.0/16', ipRange: '10.0.0.0/8' }],
        'invalid ip-range 10.0.0.0/8: CIDR block is bigger than its parent subnet 10.2.0.0/16',
      ],
      [
        [{ subnet: '10.2.0.0/16', ipRange: '10.2.0.1/24' }],
        'invalid ip-range 10.2.0.1/24: it should be 10.2.0.0/24',
      ],
      [
        [{ subnet: '10.2.0.0/16', reserved: { nas: '10.9.0.1' } }],
        "invalid auxiliary address nas: parent subnet 10.2.0.0/16 doesn't contain this address",
      ],
      [
        [{ subnet: '10.2.0.0/16', reserved: { nas: '10.2.0.1' } }],
        'failed to allocate secondary ip address (nas:10.2.0.1): Address already in use',
      ],
      [
        [{ subnet: '10.2.0.0/16', reserved: { a: '10.2.0.9', b: '10.2.0.9' } }],
        'failed to allocate secondary ip address (b:10.2.0.9): Address already in use',
      ],
      [
        [{ subnet: '10.2.0.0/16', gateway: '10.2.0.0' }],
        'failed to allocate gateway (10.2.0.0): Address already in use',
      ],
      [
        [{ subnet: '10.2.0.0/24' }, { subnet: '10.3.0.0/24' }],
        "bridge driver doesn't support multiple subnets",
      ],
      [[{ subnet: 'ff02::/64' }], "multicast subnet 'ff02::/64' is not allowed"],
      [[{ subnet: 'fe80::/80' }], "'fe80::/80' clashes with the Link-Local prefix 'fe80::/64'"],
      [[{ subnet: 'fd00::/128' }], 'failed to allocate gateway (): no available addresses on this pool'],
    ];
    for (const [config, why] of cases) {
      expect(() => plan(config, { ipv6: true }, { taken })).toThrow(why);
    }
  });

  test('lets macvlan networks share a subnet with ranges of their own, and have several subnets', () => {
    const taken = [{ subnet: '10.1.0.0/16', ipRange: '10.1.4.0/24' }];
    const macvlan = (config: Partial<SubnetRequest>[]) => plan(config, { driver: 'macvlan' }, { taken });
    expect(macvlan([{ subnet: '10.1.0.0/16', ipRange: '10.1.5.0/24' }])[0]?.gateway).toBe('10.1.5.0');
    expect(() => macvlan([{ subnet: '10.1.0.0/16', ipRange: '10.1.4.0/24' }])).toThrow('Pool overlaps');
    expect(macvlan([{ subnet: '10.2.0.0/24' }, { subnet: '10.3.0.0/24' }]).length).toBe(2);
    expect(() => macvlan([{ subnet: '10.2.0.0/24' }, { subnet: '10.2.0.0/25' }])).toThrow('Pool overlaps');
  });
});
