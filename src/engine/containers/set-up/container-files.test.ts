import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import type { EndpointId, NetworkId } from '../../../base/mod.ts';
import type { Endpoint, Sandbox } from '../../../net/mod.ts';
import type { Container } from '../container.ts';
import { EngineBench } from '../testing.ts';
import { resolverSettings } from './container-dns.ts';
import { updateContainerFiles, writeContainerFiles } from './container-files.ts';

const endpoint = (name: string, change: Partial<Endpoint> = {}): Endpoint => ({
  endpointId: name as EndpointId,
  networkId: `net-${name}` as NetworkId,
  bridge: '',
  interface: 'eth0',
  hostInterface: '',
  mac: '',
  ipv4: '172.18.0.2',
  prefixLength: 16,
  gateway: '172.18.0.1',
  ...change,
});
const sandbox = (endpoints: Endpoint[], change: Partial<Sandbox> = {}): Sandbox => ({
  netns: '/none',
  endpoints,
  ports: [],
  ...change,
});
const resolver = { upstreams: [], ndotsSet: false };

let bench: EngineBench;
let container: Container;

beforeEach(() => {
  bench = new EngineBench();
  container = bench.add((record) => {
    record.config.Hostname = 'box';
  });
});
afterEach(() => bench[Symbol.dispose]());

const hosts = () => readFileSync(container.record.hostsPath, 'utf8');
const resolv = () => readFileSync(container.record.resolvConfPath, 'utf8');
const write = (made: Sandbox) => writeContainerFiles(bench.context, container, made, []);
const update = (before: Sandbox, after: Sandbox) =>
  updateContainerFiles(bench.context, container.record, { before, sandbox: after });

describe('the name files of a container', () => {
  test('say what its endpoints are as they come and go, and keep what was added', () => {
    const one = sandbox([endpoint('a')]);
    const two = sandbox([endpoint('a'), endpoint('b', { ipv4: '172.19.0.2', ipv6: 'fd00::2' })]);
    write(one);
    expect(hosts()).toEndWith('ff02::2\tip6-allrouters\n172.18.0.2\tbox\n');
    appendFileSync(container.record.hostsPath, '10.0.0.9\tmine\n');
    update(one, two);
    expect(hosts()).toEndWith('172.18.0.2\tbox\n10.0.0.9\tmine\n172.19.0.2\tbox\nfd00::2\tbox\n');
    update(two, sandbox(two.endpoints.slice(1)));
    expect(hosts()).toEndWith('ip6-allrouters\n10.0.0.9\tmine\n172.19.0.2\tbox\nfd00::2\tbox\n');
  });

  test('name our server from the first network with names on, and then for good', () => {
    const legacy = sandbox([endpoint('a')]);
    const named = sandbox([endpoint('a'), endpoint('b')], { resolver });
    write(legacy);
    expect(resolv()).toContain('(legacy)\n');
    update(legacy, named);
    expect(resolv()).toContain('nameserver 127.0.0.11\n');
    const written = resolv();
    update(named, sandbox([], { resolver }));
    expect(resolv()).toBe(written);
  });

  test('are left alone once somebody changed them', () => {
    const legacy = sandbox([endpoint('a')]);
    write(legacy);
    writeFileSync(container.record.resolvConfPath, 'nameserver 10.9.9.9\n');
    const named = sandbox([endpoint('a'), endpoint('b')], { resolver });
    update(legacy, named);
    expect(resolv()).toBe('nameserver 10.9.9.9\n');
    write(named);
    expect(resolv()).toContain('nameserver 127.0.0.11\n');
  });

  test('have no IPv6 where that was switched off', () => {
    container.record.hostConfig.Sysctls = { 'net.ipv6.conf.all.disable_ipv6': '1' };
    write(sandbox([endpoint('a', { ipv6: 'fd00::2' })]));
    expect(hosts()).toBe('127.0.0.1\tlocalhost\n172.18.0.2\tbox\n');
  });

  test('are the host’s own in its network, but for the hosts where some were given', () => {
    container.record.hostConfig.NetworkMode = 'host';
    writeContainerFiles(bench.context, container, undefined, []);
    expect(hosts()).toBe(readFileSync('/etc/hosts', 'utf8'));
    container.record.hostConfig.ExtraHosts = ['db:10.0.0.1'];
    writeContainerFiles(bench.context, container, undefined, []);
    expect(hosts()).toEndWith('ip6-allrouters\n10.0.0.1\tdb\n');
  });
});

test('resolverSettings asks chosen servers from the container, and the host’s from the host', () => {
  const { record } = container;
  expect(resolverSettings(bench.context, record).upstreams.every(({ fromHost }) => fromHost)).toBe(true);
  record.hostConfig.Dns = ['10.0.0.1'];
  record.hostConfig.DnsOptions = ['ndots:1'];
  expect(resolverSettings(bench.context, record)).toEqual({
    upstreams: [{ address: '10.0.0.1', fromHost: false }],
    ndotsSet: true,
  });
});
