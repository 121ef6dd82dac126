import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { EngineError, isEngineError } from '../../base/mod.ts';
import type { ContainerAbout } from '../logs.ts';
import { attributesOf, tagOf } from './about.ts';
import { joinHostPort, parseAddress, splitHostPort } from './address.ts';
import { fluentdOptions } from './fluentd/options.ts';
import { gelfDatagrams } from './gelf/message.ts';
import { gelfOptions } from './gelf/options.ts';
import { goDuration } from './go-values.ts';
import { fieldName } from './journald/entry.ts';
import { checkDriver } from './options.ts';
import { SENDERS } from './sender-names.ts';
import { splunkOptions } from './splunk/options.ts';
import { syslogOptions } from './syslog/options.ts';

const about: ContainerAbout = {
  id: 'f'.repeat(64),
  name: 'web',
  path: 'sh',
  args: ['-c', 'true'],
  imageId: `sha256:${'a'.repeat(64)}`,
  imageName: 'busybox:1',
  created: '2026-11-24T00:00:00Z',
  env: ['A=1', 'B=2=3', 'NOTHING'],
  labels: { 'x.y': '1', z: '2' },
};

describe('tags and attributes', () => {
  test.each([
    ['', 'ffffffffffff'],
    ['{{.Name}}/{{.FullID}}', `web/${'f'.repeat(64)}`],
    // Compat: as moby cuts it.
    ['{{.ImageID}} {{.ImageName}}', 'sha256:aaaaa busybox:1'],
    ['{{.Command}} {{.DaemonName}}', 'sh -c true docker'],
    ['{{index .ContainerLabels "x.y"}} {{upper .Name}} {{.ContainerLabels.nope}}', '1 WEB <no value>'],
  ])('the tag %j', async (template, tag) => {
    expect(await tagOf(template, about)).toBe(tag);
  });

  test('a tag that cannot be read or has an unknown field is an error', async () => {
    expect(tagOf('{{.Nope}}', about)).rejects.toThrow("can't evaluate field Nope in type *logger.Info");
    expect(tagOf('{{', about)).rejects.toThrow('template: log-tag: ');
    for (const wide of ['{{printf "%99999d" 1}}', '{{range 1000000000}}{{end}}', 'x'.repeat(20_000)]) {
      expect(tagOf(wide, about)).rejects.toThrow(/too (?:long|many steps)/);
    }
    expect(await tagOf('{{printf "%999999999d" 1}}', about)).toBe('%!(NOVERB)%!(EXTRA int=1)');
  });

  test('labels and variables by name and by expression; variables win', () => {
    const options = { labels: 'x.y,none', 'labels-regex': '^z$', env: 'A,none', 'env-regex': '^B' };
    expect(attributesOf(options, about)).toEqual({ 'x.y': '1', z: '2', A: '1', B: '2=3' });
    expect(attributesOf({ labels: 'z', env: 'z' }, { ...about, env: ['z=env'] })).toEqual({ z: 'env' });
    expect(() => attributesOf({ env: 'A', 'env-regex': '(' }, about)).toThrow(
      'error parsing regexp: missing closing ): `(`',
    );
    const folded = { 'labels-regex': '(?i)^Z$', 'env-regex': '^b|\\-' };
    expect(attributesOf(folded, about)).toEqual({ z: '2' });
    expect(attributesOf({ labels: 'constructor' }, about)).toEqual({});
  });
});

describe('addresses', () => {
  test('hosts with and without ports', () => {
    expect(splitHostPort('h:1')).toEqual({ host: 'h', port: 1 });
    expect(splitHostPort('[::1]:2')).toEqual({ host: '::1', port: 2 });
    expect(splitHostPort('h')).toEqual({ host: 'h' });
    for (const wrong of ['h:', 'h:x', 'h:99999', '::1', '[::1', 'a:b:c'])
      expect(splitHostPort(wrong)).toBeUndefined();
    expect(parseAddress('tcp+tls://h', 514)).toEqual({ scheme: 'tcp+tls', host: 'h', port: 514 });
    expect(parseAddress('unixgram:///x y', 514)).toEqual({ scheme: 'unixgram', path: '/x y' });
  });

  test('what is joined splits again', () => {
    const hosts = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(hosts, fc.integer({ min: 0, max: 65535 }), (host, port) => {
        expect(splitHostPort(joinHostPort(host, port))).toEqual({ host, port });
      }),
    );
  });
});

describe('options', () => {
  test.each<[string, () => unknown, string]>([
    [
      'a reconnect of TCP by UDP',
      () => gelfOptions({ 'gelf-address': 'udp://h:1', 'gelf-tcp-max-reconnect': '1' }),
      '"gelf-tcp-max-reconnect" is only valid for TCP',
    ],
    [
      'no port',
      () => gelfOptions({ 'gelf-address': 'udp://h' }),
      'gelf: please provide gelf-address as proto://host:port',
    ],
    [
      'a level',
      () => gelfOptions({ 'gelf-address': 'udp://h:1', 'gelf-compression-level': '10' }),
      'unknown value "10" for log opt "gelf-compression-level" for gelf log driver',
    ],
    [
      'both',
      () => fluentdOptions({ 'fluentd-async': '1', 'fluentd-async-connect': '1' }),
      'conflicting options',
    ],
    [
      'an interval',
      () => fluentdOptions({ 'fluentd-async-reconnect-interval': '1ms' }),
      'must be between 100ms and 10s',
    ],
    ['a wait', () => fluentdOptions({ 'fluentd-retry-wait': '1' }), 'time: missing unit in duration "1"'],
    ['a buffer', () => fluentdOptions({ 'fluentd-buffer-limit': 'x' }), "invalid size: 'x'"],
    ['a scheme', () => fluentdOptions({ 'fluentd-address': 'udp://h' }), "unsupported scheme: 'udp'"],
    ['no url', () => splunkOptions({}), 'splunk: splunk-url is expected'],
    [
      'a path',
      () => splunkOptions({ 'splunk-url': 'https://h/x' }),
      'expected format scheme://dns_name_or_ip:port',
    ],
    ['no token', () => splunkOptions({ 'splunk-url': 'https://h:1' }), 'splunk: splunk-token is expected'],
    [
      'no socket',
      () => syslogOptions({ 'syslog-address': 'unix:///nope' }),
      'stat /nope: no such file or directory',
    ],
    ['a facility', () => syslogOptions({ 'syslog-facility': '24' }), 'invalid syslog facility'],
  ])('%s that cannot be', (_what, parse, sentence) => {
    expect(parse).toThrow(EngineError);
    expect(parse).toThrow(sentence);
  });

  test('whatever they are, they are taken or refused as a client’s mistake', async () => {
    const names = [
      ...[
        'mode',
        'max-size',
        'max-file',
        'compress',
        'cache-max-size',
        'cache-disabled',
        'max-buffer-size',
        'tag',
      ],
      ...[
        'syslog-address',
        'gelf-address',
        'fluentd-address',
        'splunk-url',
        'fluentd-retry-wait',
        'gelf-compression-level',
      ],
    ];
    const values = fc.oneof(
      fc.string(),
      fc.constantFrom('true', '10m', '3', 'tcp://h:1', 'udp://h:2', 'https://h:3', '1s'),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('json-file', 'local', 'none', ...SENDERS),
        fc.dictionary(fc.constantFrom(...names), values, { maxKeys: 4 }),
        async (Type, Config) => {
          const error = await checkDriver({ Type, Config }).catch((thrown: unknown) => thrown);
          if (error instanceof Error) expect(isEngineError(error, 'invalid')).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('durations as Go reads them', () => {
    expect(goDuration('1h2m3.5s')).toBe(3_723_500);
    expect(goDuration('-1.5ms')).toBe(-1.5);
    for (const wrong of ['', '1', 'x', '1x', '.s', '1s2']) expect(() => goDuration(wrong)).toThrow('time: ');
  });
});

test('names of journal fields', () => {
  expect(['my.label', '_x', 'A1_b', 'é', '__'].map(fieldName)).toEqual(['MY_LABEL', 'X', 'A1_B', '', '']);
});

test('a GELF message is cut into at most 128 datagrams, or not sent', () => {
  expect(gelfDatagrams(new Uint8Array(1420))).toHaveLength(1);
  const parts = gelfDatagrams(new Uint8Array(1421)) ?? [];
  expect(parts.map((part) => part.length)).toEqual([1420, 25]);
  expect(gelfDatagrams(new Uint8Array(1408 * 128))).toHaveLength(128);
  expect(gelfDatagrams(new Uint8Array(1408 * 128 + 1))).toBeUndefined();
});
