import { describe, expect, test } from 'bun:test';
import { constants } from 'node:os';
import type { PortRequest } from '../net.ts';
import { PortError } from './port-error.ts';
import { PortTable, type Probe } from './port-table.ts';

const request = (change: Partial<PortRequest>): PortRequest => ({
  protocol: 'tcp',
  containerPort: 80,
  hostIp: '',
  hostPort: 8080,
  ...change,
});
const free: Probe = () => 0;

describe('PortTable', () => {
  test('gives one entry for each family, and only IPv4 where the host has no IPv6', () => {
    const both = new PortTable(free).reserve('a', request({}), '');
    expect(both.map((port) => port.hostIp)).toEqual(['0.0.0.0', '::']);
    const noV6 = new PortTable((_, address) =>
      address.length === 4 && address !== 'both' ? 0 : constants.errno.EAFNOSUPPORT,
    );
    expect(noV6.reserve('a', request({}), '').map((port) => port.hostIp)).toEqual(['0.0.0.0']);
    expect(() => noV6.reserve('a', request({ hostIp: '::1', hostPort: 1 }), '')).toThrow(PortError);
    expect(new PortTable(free).reserve('a', request({}), '127.0.0.1').map((port) => port.hostIp)).toEqual([
      '127.0.0.1',
    ]);
  });

  test('knows which addresses exclude each other', () => {
    const table = new PortTable(free);
    table.reserve('a', request({ hostIp: '127.0.0.1' }), '');
    table.reserve('a', request({ hostIp: '127.0.0.2' }), '');
    table.reserve('a', request({ hostIp: '::1' }), '');
    table.reserve('a', request({ protocol: 'udp' }), '');
    for (const hostIp of ['', '0.0.0.0', '127.0.0.1', '::', '::1']) {
      expect(() => table.reserve('b', request({ hostIp }), '')).toThrow('port is already allocated');
    }
    expect(() => table.reserve('b', request({ hostIp: '::1' }), '')).toThrow(
      'Bind for [::1]:8080 failed: port is already allocated',
    );
  });

  test('gives back what is the owner’s only', () => {
    const table = new PortTable(free);
    const ports = table.reserve('a', request({}), '');
    table.release('b', ports);
    expect(() => table.reserve('b', request({}), '')).toThrow('already allocated');
    table.release('a', ports);
    table.release('a', table.reserve('b', request({}), ''));
    expect(() => table.reserve('c', request({}), '')).toThrow('already allocated');
  });

  test('goes through a range and tells when nothing is left', () => {
    const table = new PortTable((_, __, port) => (port === 9001 ? constants.errno.EADDRINUSE : 0));
    const range = request({ hostPort: [9000, 9002] });
    expect([1, 2].map(() => table.reserve('a', range, '')[0]?.hostPort)).toEqual([9000, 9002]);
    expect(() => table.reserve('a', range, '')).toThrow('all ports are allocated');
    expect(() => table.reserve('a', request({ hostPort: 9001 }), '')).toThrow(
      'failed to bind host port 0.0.0.0:9001/tcp: address already in use',
    );
  });

  test('chooses ephemeral ports one after another, and goes round', () => {
    const table = new PortTable(free);
    const any = request({ hostPort: 0 });
    const first = table.reserve('a', any, '');
    expect(first[0]?.hostPort).toBe(32768);
    table.release('a', first);
    expect(table.reserve('a', any, '')[0]?.hostPort).toBe(32769);
    for (let port = 32770; port <= 60999; port++) table.reserve('a', any, '');
    expect(table.reserve('a', any, '')[0]?.hostPort).toBe(32768);
    expect(() => table.reserve('a', any, '')).toThrow('all ports are allocated');
  });

  test('refuses what is no address', () => {
    expect(() => new PortTable(free).reserve('a', request({ hostIp: 'localhost' }), '')).toThrow(
      'invalid IP address',
    );
  });
});
