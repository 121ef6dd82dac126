import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { PublishedPort } from '../net.ts';
import { bridgeElements, changesOf, difference } from './elements.ts';
import { dropsByText } from './foreign-chains.ts';
import { publicationElements } from './port-elements.ts';
import { setNames, tableScript, USER_CHAIN } from './ruleset.ts';

const port = (change: Partial<PublishedPort> = {}): PublishedPort => ({
  protocol: 'tcp',
  containerPort: 80,
  hostIp: '0.0.0.0',
  hostPort: 8080,
  ...change,
});
const elementsOf = (ports: PublishedPort[], change: object = {}) =>
  publicationElements(
    { owner: 'c', target: '172.17.0.2', target6: 'fd00::2', ports, ...change },
    { judged: false, ipv6: true },
  );
const equal = (from: number, to: number, change: Partial<PublishedPort> = {}) =>
  Array.from({ length: to - from + 1 }, (_, index) =>
    port({ hostPort: from + index, containerPort: from + index, ...change }),
  );

describe('elements of published ports', () => {
  test('are keyed by their address, or by none when published everywhere', () => {
    const [any] = elementsOf([port()]);
    expect(any?.set).toBe('publish_any');
    expect(any?.elements[0]?.key.toString('hex')).toBe('060000001f900000');
    expect(any?.elements[0]?.data?.toString('hex')).toBe('ac11000200500000');
    const [exact] = elementsOf([port({ hostIp: '127.0.0.1', protocol: 'udp' })]);
    expect(exact?.set).toBe('publish');
    expect(exact?.elements[0]?.key.toString('hex')).toBe('7f000001110000001f900000');
    expect(elementsOf([port({ protocol: 'sctp' })])[0]?.elements[0]?.key[0]).toBe(132);
  });

  test('at IPv6 addresses lead to the IPv6 address of the container, if it has one', () => {
    expect(elementsOf([port({ hostIp: '::' })])[0]).toMatchObject({ set: 'publish_any6' });
    expect(elementsOf([port({ hostIp: 'fd01::1' })])[0]).toMatchObject({ set: 'publish6' });
    expect(elementsOf([port({ hostIp: '::' })], { target6: undefined })).toEqual([]);
    expect(elementsOf([port()], { target: undefined })).toEqual([]);
  });

  test('of 10,000 ports that keep their number are one for each protocol and address', () => {
    const ports = [
      ...equal(20_000, 29_999),
      ...equal(20_000, 29_999, { hostIp: '::' }),
      ...equal(20_000, 29_999, { protocol: 'udp' }),
    ].reverse();
    const found = elementsOf(ports);
    expect(found.map(({ set }) => set).sort()).toEqual(['ranges_any', 'ranges_any', 'ranges_any6']);
    expect(found[0]?.elements[0]).toMatchObject({ key: expect.anything(), keyEnd: expect.anything() });
    expect(
      elementsOf(equal(1, 10_000).map((each) => ({ ...each, hostPort: each.hostPort + 1 }))),
    ).toHaveLength(10_000);
  });

  test('say for each port where it goes, as the ports do, whatever is merged', () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 120 }), { maxLength: 120 });
    fc.assert(
      fc.property(numbers, fc.integer({ min: 0, max: 3 }), (hostPorts, shifted) => {
        const ports = hostPorts.map((hostPort) =>
          port({ hostPort, containerPort: hostPort % 4 === shifted ? 9999 : hostPort }),
        );
        const leads = new Map<number, number>();
        for (const { set, elements } of elementsOf(ports)) {
          for (const { key, keyEnd, data } of elements) {
            const from = key.readUInt16BE(4);
            const to = keyEnd?.readUInt16BE(4) ?? from;
            for (let at = from; at <= to; at++) {
              expect(leads.has(at)).toBe(false);
              leads.set(at, set === 'ranges_any' ? at : (data?.readUInt16BE(4) ?? 0));
            }
          }
        }
        expect(leads).toEqual(new Map(ports.map((each) => [each.hostPort, each.containerPort])));
      }),
    );
  });

  test('are asked of INPUT chains too where these are respected', () => {
    const publication = { owner: 'c', target: '172.17.0.2', ports: [port(), ...equal(1000, 1100)] };
    const sets = publicationElements(publication, { judged: true, ipv6: true }).map(({ set }) => set);
    expect(sets.sort()).toEqual(['held_any', 'held_ranges_any', 'publish_any', 'ranges_any']);
    const known = setNames({ table: 't', ipv6: true, judge: { group: 1 } });
    expect(sets.filter((set) => !known.includes(set))).toEqual([]);
  });

  test('of a routed network are reached at the container, and nothing is translated', () => {
    const [found, ...rest] = elementsOf([port()], { routed: true });
    expect(rest).toEqual([]);
    expect(found?.set).toBe('reach');
    expect(found?.elements[0]?.key.toString('hex')).toBe('ac110002060000000050'.padEnd(24, '0'));
  });
});

describe('elements of a bridge', () => {
  const network = {
    driver: 'bridge' as const,
    id: 'n' as never,
    name: 'n',
    bridge: 'br0',
    subnet: '172.17.0.0/16',
    gateway: '172.17.0.1',
    icc: true,
    masquerade: true,
    internal: false,
    hostBindingIpv4: '',
  };
  const setsOf = (change: object) =>
    bridgeElements({ ...network, ...change })
      .filter(({ elements }) => elements.length > 0)
      .map(({ set }) => set)
      .join(' ');

  test('say what its options are', () => {
    expect(setsOf({})).toBe('bridges icc home natted');
    expect(setsOf({ masquerade: false, icc: false })).toBe('bridges home');
    expect(setsOf({ internal: true })).toBe('bridges internal icc home');
    expect(setsOf({ ipv6: { subnet: 'fd00::/64', gateway: 'fd00::1' } })).toBe(
      'bridges icc home home6 natted natted6',
    );
    expect(setsOf({ gatewayModeIpv4: 'routed' })).toBe('bridges icc home routed');
    expect(setsOf({ gatewayModeIpv4: 'nat-unprotected' })).toBe('bridges icc home natted open');
    expect(setsOf({ trustedInterfaces: ['eth0'] })).toBe('bridges icc home natted trusted');
  });

  test('end a subnet behind its last address, if there is one', () => {
    const natted = (change: object, set = 'natted') =>
      bridgeElements({ ...network, ...change })
        .find((each) => each.set === set)
        ?.elements.map(({ key }) => key.toString('hex'));
    expect(natted({})).toEqual(['ac110000', 'ac120000']);
    expect(natted({ subnet: '255.255.0.0/16' })).toEqual(['ffff0000']);
    expect(natted({ ipv6: { subnet: 'fd00::1/64', gateway: '' } }, 'natted6')).toEqual([
      `fd00${'0'.repeat(28)}`,
      `fd00${'0'.repeat(11)}1${'0'.repeat(16)}`,
    ]);
  });
});

describe('changes', () => {
  test('of one set are one change', () => {
    const changes = changesOf('add', [...elementsOf([port()]), ...elementsOf([port({ hostPort: 1 })])]);
    expect(changes.map((change) => [change.set, 'elements' in change && change.elements.length])).toEqual([
      ['publish_any', 2],
    ]);
  });

  test('are only what differs, what goes before what comes', () => {
    const [one, two, other] = [port(), port({ hostPort: 1 }), port({ hostPort: 1, containerPort: 2 })].map(
      (each) => elementsOf([each])[0]?.elements[0],
    );
    if (!one || !two || !other) throw new Error('no elements');
    expect(difference('s', [one, two], [one, two])).toEqual([]);
    expect(difference('s', [one, two], [one, other]).map(({ change }) => change)).toEqual(['delete', 'add']);
  });
});

test('a chain of iptables-legacy drops by policy or by its last rule', () => {
  expect(dropsByText('-P FORWARD DROP\n-A FORWARD -i a -j ACCEPT\n')).toBe(true);
  expect(dropsByText('-P FORWARD ACCEPT\n-A FORWARD -j REJECT --reject-with icmp-host-prohibited\n')).toBe(
    true,
  );
  expect(dropsByText('-P FORWARD ACCEPT\n-A FORWARD -s 192.0.2.1/32 -j DROP\n')).toBe(false);
});

test('the skeleton names only its own table, and flushes no rule of the administrator', () => {
  for (const options of [{}, { judge: { group: 7 } }, { ipv6: false }]) {
    const script = tableScript({ table: 't1', ipv6: true, ...options });
    const lines = script.split('\n').filter((line) => /^(table|flush|delete|add)/.test(line));
    expect(lines.every((line) => line.includes('inet t1'))).toBe(true);
    expect(script).not.toContain('flush ruleset');
    expect(script).not.toContain(`flush chain inet t1 ${USER_CHAIN}`);
  }
});
