import { expect, test } from 'bun:test';
import type { PortRequest, PublishedPort } from '../net.ts';
import { matchPorts } from './match-ports.ts';

const published = (hostIp: string, hostPort: number, containerPort = 80): PublishedPort => ({
  protocol: 'tcp',
  containerPort,
  hostIp,
  hostPort,
});
const request = (change: Partial<PortRequest>): PortRequest => ({
  protocol: 'tcp',
  containerPort: 80,
  hostIp: '',
  hostPort: 0,
  ...change,
});
const both = (hostPort: number, containerPort = 80) => [
  published('0.0.0.0', hostPort, containerPort),
  published('::', hostPort, containerPort),
];

test('what fulfils a request stays, of both families', () => {
  const asked = [request({ hostPort: 8080 }), request({ containerPort: 81, hostPort: [9000, 9009] })];
  const there = [...both(8080), ...both(9004, 81), ...both(8081)];
  const { kept, surplus, missing } = matchPorts(there, asked, '');
  expect(kept).toEqual([...both(8080), ...both(9004, 81)]);
  expect(surplus).toEqual(both(8081));
  expect(missing).toEqual([]);
});

test('one that takes any port leaves those that are named', () => {
  const { kept, missing } = matchPorts(
    [...both(8080), ...both(32_768)],
    [request({}), request({ hostPort: 8080 })],
    '',
  );
  expect(kept.map(({ hostPort }) => hostPort)).toEqual([8080, 8080, 32_768, 32_768]);
  expect(missing).toEqual([]);
});

test('another address, protocol or port of the container is another port', () => {
  const there = [published('127.0.0.1', 8080)];
  for (const asked of [
    request({ hostPort: 8080 }),
    request({ hostPort: 8080, hostIp: '127.0.0.1', protocol: 'udp' }),
    request({ hostPort: 8080, hostIp: '127.0.0.1', containerPort: 81 }),
  ]) {
    expect(matchPorts(there, [asked], '')).toEqual({ kept: [], surplus: there, missing: [asked] });
  }
  expect(matchPorts(there, [request({ hostPort: 8080 })], '127.0.0.1').kept).toEqual(there);
});
