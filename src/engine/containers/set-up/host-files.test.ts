import { expect, test } from 'bun:test';
import { hostsFile, resolvConf } from './host-files.ts';

const NONE = { servers: [], search: [], options: [] };

test('hostsFile names the container when it has addresses, after the extra hosts', () => {
  const text = hostsFile({
    hostname: 'web',
    domainname: 'lan',
    addresses: ['172.17.0.2'],
    extraHosts: ['db:10.0.0.1', 'me=host-gateway', 'six:[::2]'],
    gateways: ['172.17.0.1'],
  });
  expect(text.split('\n').slice(6)).toEqual([
    '10.0.0.1\tdb',
    '172.17.0.1\tme',
    '::2\tsix',
    '172.17.0.2\tweb.lan web',
    '',
  ]);
});

test('resolvConf leaves loopback servers out when the container has a namespace of its own', () => {
  const host = '# c\nnameserver 127.0.0.1\nnameserver 10.1.1.1\nsearch a b\noptions ndots:2\n';
  expect(resolvConf(host, NONE, true)).toBe('nameserver 10.1.1.1\nsearch a b\noptions ndots:2\n');
  expect(resolvConf(host, NONE, false)).toContain('nameserver 127.0.0.1\n');
  expect(resolvConf('nameserver 127.0.0.1\n', NONE, true)).toBe('nameserver 8.8.8.8\nnameserver 8.8.4.4\n');
});

test('resolvConf takes what was asked for when there is something', () => {
  const asked = { servers: ['1.2.3.4'], search: ['.'], options: ['rotate'] };
  expect(resolvConf('nameserver 10.1.1.1\nsearch a\n', asked, true)).toBe(
    'nameserver 1.2.3.4\noptions rotate\n',
  );
});

test("hostsFile has the host's lines when the network is the host's, and the first label of a full name", () => {
  const options = {
    hostname: 'h.example.org',
    domainname: '',
    extraHosts: ['a:1.2.3.4'],
    gateways: [],
  };
  const host = hostsFile({ ...options, base: '127.0.0.1 localhost here\n', addresses: [] });
  expect(host).toBe('127.0.0.1 localhost here\n1.2.3.4\ta\n');
  const own = hostsFile({ ...options, addresses: ['172.17.0.2'] });
  expect(own).toEndWith('172.17.0.2\th.example.org h\n');
});
