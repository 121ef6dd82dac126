import { expect, test } from 'bun:test';
import { hostsFile, ownLines, withLines, withoutLines } from './hosts-file.ts';

const content = {
  ipv6: true,
  extraHosts: ['db:10.0.0.1', 'me=host-gateway', 'six:[::2]'],
  gateways: ['172.17.0.1', 'fd00::1'],
  own: ['172.17.0.2\tweb.lan web'],
};

test('hostsFile has the extra hosts before the lines of the container', () => {
  expect(hostsFile(content).split('\n').slice(6)).toEqual([
    '10.0.0.1\tdb',
    '172.17.0.1\tme',
    'fd00::1\tme',
    '::2\tsix',
    '172.17.0.2\tweb.lan web',
    '',
  ]);
});

test('hostsFile has nothing of IPv6 where the container has none', () => {
  expect(hostsFile({ ...content, ipv6: false })).toBe(
    '127.0.0.1\tlocalhost\n10.0.0.1\tdb\n172.17.0.1\tme\n172.17.0.2\tweb.lan web\n',
  );
});

test('ownLines has the full name and its first label', () => {
  expect(ownLines({ hostname: 'web', domainname: 'lan' }, ['10.0.0.2', 'fd00::2'])).toEqual([
    '10.0.0.2\tweb.lan web',
    'fd00::2\tweb.lan web',
  ]);
  expect(ownLines({ hostname: 'h.example.org', domainname: '' }, ['10.0.0.2'])).toEqual([
    '10.0.0.2\th.example.org h',
  ]);
  expect(ownLines({ hostname: 'web', domainname: '' }, [])).toEqual([]);
});

test('lines are added at the end, and go again where nobody changed them', () => {
  const text = '127.0.0.1\tlocalhost\n\n# mine\n10.0.0.3 other';
  const added = withLines(text, ['10.0.0.2\tweb']);
  expect(added).toBe(`${text}\n10.0.0.2\tweb\n`);
  expect(withoutLines(added, ['10.0.0.2\tweb', '10.0.0.3\tother'])).toBe(
    '127.0.0.1\tlocalhost\n# mine\n10.0.0.3 other\n',
  );
  expect(withoutLines(withLines('', ['a\tb']), ['a\tb'])).toBe('');
});
