import { describe, expect, test } from 'bun:test';
import { changesOf, portElements } from './elements.ts';
import { parseForwardDrops, parseRuleHandles } from './foreign-chains.ts';
import { tableScript } from './ruleset.ts';

describe('elements', () => {
  test('a port is keyed by its address, or by none when it is published everywhere', () => {
    const port = { protocol: 'tcp', containerPort: 80, hostIp: '0.0.0.0', hostPort: 8080 } as const;
    const [any] = portElements(port, '172.17.0.2', 'c');
    expect(any?.set).toBe('publish_any');
    expect(any?.elements[0]?.key.toString('hex')).toBe('060000001f900000');
    expect(any?.elements[0]?.data?.toString('hex')).toBe('ac11000200500000');
    const [exact] = portElements({ ...port, hostIp: '127.0.0.1', protocol: 'udp' }, '172.17.0.2', 'c');
    expect(exact?.set).toBe('publish');
    expect(exact?.elements[0]?.key.toString('hex')).toBe('7f000001110000001f900000');
    expect(portElements({ ...port, hostIp: '::1' }, '172.17.0.2', 'c')).toEqual([]);
  });

  test('of one set are one change', () => {
    const port = (hostPort: number) =>
      portElements({ protocol: 'tcp', containerPort: 80, hostIp: '0.0.0.0', hostPort }, '172.17.0.2', 'c');
    const changes = changesOf('add', [...port(1), ...port(2), { set: 'icc', elements: [] }]);
    expect(changes.map((change) => [change.set, 'elements' in change && change.elements.length])).toEqual([
      ['publish_any', 2],
    ]);
  });
});

describe('others’ chains', () => {
  const chain = (change: object) => ({
    chain: {
      family: 'ip',
      table: 'filter',
      name: 'FORWARD',
      hook: 'forward',
      type: 'filter',
      policy: 'drop',
      ...change,
    },
  });

  test('are those that drop forwarded packets by policy', () => {
    const entries = [
      { metainfo: {} },
      chain({}),
      chain({ policy: 'accept', table: 'a' }),
      chain({ hook: 'input', table: 'b' }),
      chain({ family: 'inet', table: 'minke' }),
      chain({ family: 'bridge', table: 'c' }),
      { chain: { family: 'ip', table: 'filter', name: 'DOCKER-USER' } },
    ];
    expect(parseForwardDrops(JSON.stringify({ nftables: entries }), 'minke')).toEqual([
      { family: 'ip', table: 'filter', chain: 'FORWARD' },
    ]);
  });

  test('hold our rules by their comment', () => {
    const nftables = [
      { rule: { handle: 4, comment: 'minke: minke0' } },
      { rule: { handle: 5, comment: 'minke: minke01' } },
      { rule: { handle: 6 } },
    ];
    expect(parseRuleHandles(JSON.stringify({ nftables }), 'minke: minke0')).toEqual([4]);
  });
});

test('the skeleton names only its own table', () => {
  const lines = tableScript('t1')
    .split('\n')
    .filter((line) => /^(table|flush|delete|add)/.test(line));
  expect(lines.every((line) => line.includes('inet t1'))).toBe(true);
  expect(tableScript('t1')).not.toContain('flush ruleset');
});
