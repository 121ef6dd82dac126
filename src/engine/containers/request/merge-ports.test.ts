import { expect, test } from 'bun:test';
import type { HostConfig, PortMap } from '../../../spec/docker/mod.ts';
import { mergePorts } from './merge-ports.ts';

const merge = (current: PortMap, add: PortMap | null, remove: PortMap | null, NetworkMode = 'bridge') =>
  mergePorts({ PortBindings: current, NetworkMode } as HostConfig, {
    PublishAdd: add,
    PublishRemove: remove,
  });
const at = (HostPort: string, HostIp = '') => ({ HostIp, HostPort });
const here: PortMap = { '80/tcp': [at('8080'), at('8081', '127.0.0.1')], '53/udp': [at('53')] };

test('ports come beside those that are there', () => {
  expect(merge(here, { '80/tcp': [at('9')], '81': [] }, null)).toEqual({
    ...here,
    '80/tcp': [at('8080'), at('8081', '127.0.0.1'), at('9')],
    '81/tcp': [at('')],
  });
});

test('ports go one by one, or all of one port of the container', () => {
  expect(merge(here, null, { '80/tcp': [at('8080')] })).toEqual({
    ...here,
    '80/tcp': [at('8081', '127.0.0.1')],
  });
  expect(merge(here, null, { '80': [at('')] })).toEqual({ '53/udp': [at('53')] });
  expect(merge(here, { '80/tcp': [at('1')] }, { '80/tcp': [at('')] })['80/tcp']).toEqual([at('1')]);
});

test('what is not there, or is no port, is refused, and nothing is changed', () => {
  const before = structuredClone(here);
  expect(() => merge(here, null, { '80/tcp': [at('1')] })).toThrow('port 80/tcp is not published at 1');
  expect(() => merge(here, null, { '81/tcp': [at('')] })).toThrow('port 81/tcp is not published');
  expect(() => merge(here, { x: [at('1')] }, null)).toThrow('invalid port specification');
  expect(() => merge(here, { '80/tcp': [at('1', 'x')] }, null)).toThrow('invalid IP address');
  expect(() => merge(here, { '80/tcp': [at('1')] }, null, 'host')).toThrow('network mode host');
  expect(() => merge(here, { '80/tcp': [at('1')] }, null, 'container:x')).toThrow('network mode container');
  expect(here).toEqual(before);
});
