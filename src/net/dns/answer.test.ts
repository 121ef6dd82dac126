import { describe, expect, test } from 'bun:test';
import { decide } from './answer.ts';
import { parseQuery, RCODE, TYPE } from './message.ts';
import type { NamedHost, SandboxView } from './protocol.ts';
import { queryBytes } from './testing.ts';
import { Zone } from './zone.ts';

const host = (networkId: string, containerId: string, change: Partial<NamedHost> = {}): NamedHost => ({
  networkId,
  networkName: `net-${networkId}`,
  endpointId: `${networkId}${containerId}`,
  containerId,
  names: [containerId, `Alias.of.${containerId}`],
  ...change,
});

function sample(): Zone {
  const zone = new Zone();
  zone.add(host('n', 'web', { ipv4: '172.18.0.2', names: ['web', 'web1', 'all'] }));
  zone.add(host('n', 'db', { ipv4: '172.18.0.3', ipv6: 'fd00::3', names: ['db', 'ALL'] }));
  zone.add(host('m', 'web', { ipv4: '172.19.0.2', names: ['web', 'other'] }));
  zone.add(host('x', 'far', { ipv4: '172.20.0.2', names: ['far'] }));
  zone.add(host('d', 'dot', { networkName: 'of.net', ipv4: '172.21.0.2', names: ['a', 'a.of'] }));
  return zone;
}

const view = (change: Partial<SandboxView> = {}): SandboxView => ({
  networks: [
    { id: 'n', links: [{ alias: 'Store', containerId: 'db' }] },
    { id: 'm', links: [] },
    { id: 'd', links: [] },
  ],
  upstreams: [
    { address: '192.0.2.1', fromHost: true },
    { address: '192.0.2.2', fromHost: false },
  ],
  reachesOutside: true,
  ndotsSet: false,
  ...change,
});

function ask(zone: Zone, name: string, type: number, seen = view(), edns?: number) {
  const parsed = parseQuery(queryBytes(name, type, edns === undefined ? {} : { udpSize: 512, edns }));
  if (!('query' in parsed)) throw new Error('not a query');
  const decision = decide(zone, seen, parsed.query);
  if ('ask' in decision) return `ask ${decision.ask.map(({ address }) => address).join()}`;
  const texts = decision.answers.map((answer) =>
    'name' in answer ? answer.name : [...answer.address].join('.'),
  );
  return `${decision.rcode} ${texts.sort().join()}`;
}

describe('decide', () => {
  test('finds names, aliases and links on the networks of who asks, whatever their case', () => {
    const zone = sample();
    expect(ask(zone, 'web', TYPE.A)).toBe('0 172.18.0.2');
    expect(ask(zone, 'WEB1', TYPE.A)).toBe('0 172.18.0.2');
    expect(ask(zone, 'all', TYPE.A)).toBe('0 172.18.0.2,172.18.0.3');
    expect(ask(zone, 'other', TYPE.A)).toBe('0 172.19.0.2');
    expect(ask(zone, 'store', TYPE.A)).toBe('0 172.18.0.3');
    expect(ask(zone, 'store', TYPE.A, view({ networks: [{ id: 'm', links: [] }] }))).toStartWith('ask');
    expect(ask(zone, 'far', TYPE.A)).toStartWith('ask');
  });

  test('finds name.network, and names with dots before that', () => {
    const zone = sample();
    expect(ask(zone, 'web.net-m', TYPE.A)).toBe('0 172.19.0.2');
    expect(ask(zone, 'Web.NET-n', TYPE.A)).toBe('0 172.18.0.2');
    expect(ask(zone, 'store.net-n', TYPE.A)).toBe('0 172.18.0.3');
    expect(ask(zone, 'store.net-m', TYPE.A)).toStartWith('ask');
    expect(ask(zone, 'a.of.net', TYPE.A)).toBe('0 172.21.0.2');
    expect(ask(zone, 'far.net-x', TYPE.A)).toStartWith('ask');
    expect(ask(zone, '.net-m'.slice(1), TYPE.A)).toStartWith('ask');
  });

  test('has no data, and asks nobody, where a known name has no such record', () => {
    const zone = sample();
    expect(ask(zone, 'web', TYPE.AAAA)).toBe('0 ');
    expect(ask(zone, 'db', TYPE.AAAA)).toBe(`0 ${['253', ...Array(14).fill('0'), '3'].join('.')}`);
    for (const type of [TYPE.MX, 16, 33, 65, TYPE.ANY]) expect(ask(zone, 'web', type)).toBe('0 ');
  });

  test('names the addresses of its networks', () => {
    const zone = sample();
    expect(ask(zone, '3.0.18.172.in-addr.arpa', TYPE.PTR)).toBe('0 db.net-n');
    const v6 = `3.${'0.'.repeat(27)}0.0.d.f.ip6.arpa`;
    expect(ask(zone, v6, TYPE.PTR)).toBe('0 db.net-n');
    expect(ask(zone, '2.0.20.172.in-addr.arpa', TYPE.PTR)).toStartWith('ask');
    expect(ask(zone, 'web', TYPE.PTR)).toStartWith('ask');
  });

  test('asks no server of the host for who is on internal networks alone', () => {
    const zone = sample();
    const closed = view({ reachesOutside: false });
    expect(ask(zone, 'example.org', TYPE.A)).toBe('ask 192.0.2.1,192.0.2.2');
    expect(ask(zone, 'example.org', TYPE.A, closed)).toBe('ask 192.0.2.2');
    const none = { ...closed, upstreams: closed.upstreams.slice(0, 1) };
    expect(ask(zone, 'example.org', TYPE.A, none)).toBe(`${RCODE.FAILURE} `);
    expect(ask(zone, 'web', TYPE.A, none)).toBe('0 172.18.0.2');
  });

  test('asks three servers at most, and nobody for a bare name where ndots was chosen', () => {
    const zone = sample();
    const four = Array.from({ length: 4 }, (_, n) => ({ address: `192.0.2.${n}`, fromHost: false }));
    expect(ask(zone, 'x', TYPE.A, view({ upstreams: four }))).toBe('ask 192.0.2.0,192.0.2.1,192.0.2.2');
    const chosen = view({ ndotsSet: true });
    expect(ask(zone, 'x', TYPE.A, chosen)).toBe('0 ');
    expect(ask(zone, 'x', TYPE.MX, chosen)).toStartWith('ask');
    expect(ask(zone, 'x.y', TYPE.A, chosen)).toStartWith('ask');
  });

  test('knows the version of EDNS that it speaks', () => {
    expect(ask(sample(), 'web', TYPE.A, view(), 0)).toBe('0 172.18.0.2');
    expect(ask(sample(), 'web', TYPE.A, view(), 1)).toBe(`${RCODE.VERSION} `);
  });
});

test('Zone forgets an endpoint with all its names, and takes a new one in its place', () => {
  const zone = sample();
  zone.remove('n', 'nweb');
  zone.remove('n', 'nweb');
  expect(ask(zone, 'web', TYPE.A)).toBe('0 172.19.0.2');
  expect(ask(zone, 'all', TYPE.A)).toBe('0 172.18.0.3');
  expect(ask(zone, '2.0.18.172.in-addr.arpa', TYPE.PTR)).toStartWith('ask');
  zone.add(host('n', 'db', { ipv4: '172.18.0.9', names: ['data'] }));
  expect(ask(zone, 'db', TYPE.A)).toStartWith('ask');
  expect(ask(zone, 'data', TYPE.A)).toBe('0 172.18.0.9');
  expect(ask(zone, 'store', TYPE.A)).toBe('0 172.18.0.9');
  // The address went to another one before the first was forgotten.
  zone.add(host('n', 'next', { ipv4: '172.18.0.9', names: ['next'] }));
  zone.remove('n', 'ndb');
  expect(ask(zone, '9.0.18.172.in-addr.arpa', TYPE.PTR)).toBe('0 next.net-n');
});
