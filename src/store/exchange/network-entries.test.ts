import { expect, test } from 'bun:test';
import { writeBolt } from '../bolt/write-bolt.ts';
import { readDockerNetworks, writeDockerNetworks } from './docker-networks.ts';
import { COUNTER, networkEntries } from './network-entries.ts';

const ID = '84bd6a529e2f258e3cb4deda61ba740fc8c5a19cc2e20f1df789b1252a3fba87';
/** `asked`: what of it was not chosen. */
const pool = (
  subnet: string,
  gateway: string,
  {
    range = '',
    aux = null,
    asked = [subnet, gateway],
  }: { range?: string; aux?: Record<string, string> | null; asked?: string[] } = {},
) => ({
  config: [{ PreferredPool: asked[0], SubPool: range, Gateway: asked[1], AuxAddresses: aux }],
  info: [
    {
      IPAMData: {
        AddressSpace: 'LocalDefault',
        ...(aux && { AuxAddresses: { h: `${aux['h']}/24` } }),
        Gateway: `${gateway}/${subnet.split('/')[1]}`,
        Pool: subnet,
      },
      PoolID: `LocalDefault/${subnet}${range && `/${range}`}`,
    },
  ],
});
const network = {
  addrSpace: 'LocalDefault',
  ...{ attachable: false, configFrom: '', configOnly: false, created: '2026-11-24T19:05:14.638805567Z' },
  ...{ enableIPv6: false, id: ID, inDelete: false, ingress: false, internal: false, ipamOptions: {} },
  ...{ ipamType: 'default', labels: {}, loadBalancerIP: '', loadBalancerMode: 'NAT', persist: true },
  ...{ postIPv6: false, scope: 'local' },
};
const none = '<nil>';

/** As dockerd 20.10.24 wrote them, with what is text in them parsed. */
const WRITTEN: [string, object, string, object][] = [
  [
    'a bridge with all options',
    {
      ...{ ...network, attachable: true, labels: { a: 'b', c: '' }, name: 'full', networkType: 'bridge' },
      generic: {
        'com.docker.network.enable_ipv6': false,
        'com.docker.network.generic': {
          'com.docker.network.bridge.enable_icc': 'false',
          'com.docker.network.bridge.enable_ip_masquerade': 'false',
          'com.docker.network.bridge.host_binding_ipv4': '127.0.0.1',
          'com.docker.network.bridge.name': 'brx',
          'com.docker.network.driver.mtu': '1400',
        },
      },
      ipamV4: pool('10.88.7.0/24', '10.88.7.9', { range: '10.88.7.128/25', aux: { h: '10.88.7.130' } }),
    },
    `bridge/${ID}`,
    {
      ...{ AddressIPv4: '10.88.7.9/24', BridgeIfaceCreator: 1, BridgeName: 'brx', ContainerIfacePrefix: '' },
      ...{ DefaultBindingIP: '127.0.0.1', DefaultBridge: false, DefaultGatewayIPv4: none },
      ...{ DefaultGatewayIPv6: none, EnableICC: false, EnableIPMasquerade: false, EnableIPv6: false },
      ...{ HostIP: none, ID, InhibitIPv4: false, Internal: false, Mtu: 1400 },
    },
  ],
  [
    'an internal bridge of both families',
    {
      ...{ ...network, enableIPv6: true, internal: true, name: 'dual', networkType: 'bridge' },
      generic: {
        'com.docker.network.enable_ipv6': true,
        'com.docker.network.generic': {},
        'com.docker.network.internal': true,
      },
      ipamV4: pool('10.88.9.0/24', '10.88.9.1', { asked: ['10.88.9.0/24', ''] }),
      ipamV6: pool('fd00:77::/64', 'fd00:77::9'),
    },
    `bridge/${ID}`,
    {
      ...{ AddressIPv4: '10.88.9.1/24', AddressIPv6: 'fd00:77::9/64', BridgeIfaceCreator: 1 },
      ...{
        BridgeName: 'br-84bd6a529e2f',
        ContainerIfacePrefix: '',
        DefaultBindingIP: none,
        DefaultBridge: false,
      },
      ...{ DefaultGatewayIPv4: none, DefaultGatewayIPv6: none, EnableICC: true, EnableIPMasquerade: true },
      ...{ EnableIPv6: true, HostIP: none, ID, InhibitIPv4: false, Internal: true, Mtu: 0 },
    },
  ],
  [
    'a macvlan of both families',
    {
      ...{ ...network, enableIPv6: true, name: 'mv6', networkType: 'macvlan' },
      generic: {
        'com.docker.network.enable_ipv6': true,
        'com.docker.network.generic': { macvlan_mode: 'private', parent: 'du1' },
      },
      ipamV4: pool('10.88.11.0/24', '10.88.11.1'),
      ipamV6: pool('fd00:78::/64', 'fd00:78::1'),
    },
    `macvlan/network/${ID}`,
    {
      ...{ CreatedSubIface: false, ID, Internal: false, MacvlanMode: 'private', Mtu: 0, Parent: 'du1' },
      Ipv4Subnets: [{ SubnetIP: '10.88.11.0/24', GwIP: '10.88.11.1/24' }],
      Ipv6Subnets: [{ SubnetIP: 'fd00:78::/64', GwIP: 'fd00:78::1/64' }],
    },
  ],
  [
    'an ipvlan',
    {
      ...{ ...network, name: 'ipv', networkType: 'ipvlan' },
      generic: {
        'com.docker.network.enable_ipv6': false,
        'com.docker.network.generic': { parent: 'du0' },
      },
      ipamV4: pool('172.18.0.0/16', '172.18.0.1', { asked: ['', ''] }),
    },
    `ipvlan/network/${ID}`,
    {
      ...{ CreatedSubIface: false, ID, Internal: false, IpvlanMode: 'l2', Mtu: 0, Parent: 'du0' },
      Ipv4Subnets: [{ SubnetIP: '172.18.0.0/16', GwIP: '172.18.0.1/16' }],
    },
  ],
  [
    'a bridge over an interface of the user’s, with the settings of another network',
    {
      ...{ ...network, configFrom: 'conf', name: 'from', networkType: 'bridge' },
      generic: {
        'com.docker.network.enable_ipv6': false,
        'com.docker.network.generic': { 'com.docker.network.bridge.name': 'bx' },
      },
      ipamV4: pool('10.88.20.0/24', '10.88.20.1', { asked: ['10.88.20.0/24', ''] }),
    },
    `bridge/${ID}`,
    {
      ...{ AddressIPv4: '10.88.20.1/24', BridgeIfaceCreator: 2, BridgeName: 'bx', ContainerIfacePrefix: '' },
      ...{ DefaultBindingIP: none, DefaultBridge: false, DefaultGatewayIPv4: none, DefaultGatewayIPv6: none },
      ...{ EnableICC: true, EnableIPMasquerade: true, EnableIPv6: false, HostIP: none, ID },
      ...{ InhibitIPv4: false, Internal: false, Mtu: 0 },
    },
  ],
  [
    'a network that is only settings',
    {
      ...{ ...network, addrSpace: '', configOnly: true, name: 'conf', networkType: 'null' },
      generic: { 'com.docker.network.enable_ipv6': false, 'com.docker.network.generic': { x: 'y' } },
      labels: { a: 'b' },
      ipamV4Config: [{ PreferredPool: '10.88.20.0/24', SubPool: '', Gateway: '', AuxAddresses: null }],
    },
    `endpoint_count/${ID}`,
    { Count: 0 },
  ],
];

/** Docker's form: lists are text, and what is in them too. */
function nested(value: Record<string, unknown>): object {
  const { ipamV4, ipamV6, ...rest } = value as Record<string, ReturnType<typeof pool>>;
  const asText = (one: ReturnType<typeof pool>) => ({
    config: JSON.stringify(one.config),
    info: JSON.stringify(one.info.map((info) => ({ ...info, IPAMData: JSON.stringify(info.IPAMData) }))),
  });
  const v4 = ipamV4 && asText(ipamV4);
  const v6 = ipamV6 && asText(ipamV6);
  const lists = Object.entries(rest).map(([key, inner]) => [
    key,
    Array.isArray(inner) ? JSON.stringify(inner) : inner,
  ]);
  return {
    ...Object.fromEntries(lists),
    ...(v4 && { ipamV4Config: v4.config, ipamV4Info: v4.info }),
    ...(v6 && { ipamV6Config: v6.config, ipamV6Info: v6.info }),
  };
}

const entry = (path: string, value: object) => ({
  key: Buffer.from(`docker/network/v1.0/${path}/`),
  value: Buffer.concat([Buffer.alloc(COUNTER), Buffer.from(JSON.stringify(value))]),
});

test.each(WRITTEN)('%s is written as Docker writes it', (_what, inStore, driverPath, ofDriver) => {
  const theirs = [
    entry(`network/${ID}`, nested(inStore as never)),
    entry(driverPath, nested(ofDriver as never)),
  ];
  const records = readDockerNetworks(writeBolt('libnetwork', theirs));
  expect(records).toHaveLength(1);
  const ours = new Map(
    records
      .flatMap(networkEntries)
      .map(({ key, value }) => [key.toString(), JSON.parse(value.subarray(COUNTER).toString()) as object]),
  );
  for (const { key, value } of theirs)
    expect(ours.get(key.toString())).toEqual(JSON.parse(value.subarray(COUNTER).toString()));
  expect(ours.get(`docker/network/v1.0/endpoint_count/${ID}/`)).toEqual({ Count: 0 });
  // And what we write, we read again.
  expect(readDockerNetworks(writeDockerNetworks(Buffer.alloc(0), records))).toEqual(records);
});
