import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from './read-config.ts';

function withFile(content: string, check: (path: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'minke-config-'));
  try {
    const path = join(directory, 'daemon.json');
    writeFileSync(path, content);
    check(path);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('readConfig takes flags as dockerd spells them', () => {
  const config = readConfig([
    '--data-root',
    '/d',
    '--exec-root=/e',
    '-H',
    'unix:///s',
    '-H',
    'tcp://127.0.0.1:1',
    '--icc=false',
  ]);
  expect(config).toMatchObject({
    dataRoot: '/d',
    execRoot: '/e',
    hosts: ['unix:///s', 'tcp://127.0.0.1:1'],
    icc: false,
  });
  expect(config.bridge).toMatch(/^minke-[0-9a-f]{8}$/);
});

test('readConfig takes daemon.json, and refuses a setting that stands in both places', () => {
  withFile('{"log-driver":"none","max-concurrent-downloads":5,"log-opts":{"max-size":"1m"}}', (path) => {
    expect(readConfig(['--config-file', path])).toMatchObject({
      logDriver: 'none',
      maxConcurrentDownloads: 5,
    });
    expect(() => readConfig(['--config-file', path, '--log-driver', 'json-file'])).toThrow(
      'the following directives are specified both as a flag and in the configuration file: log-driver',
    );
  });
});

test('readConfig names what is wrong in daemon.json', () => {
  withFile('{"nope":1}', (path) => {
    expect(() => readConfig(['--config-file', path])).toThrow("don't match any configuration option: nope");
  });
  withFile('{"debug":"yes"}', (path) => {
    expect(() => readConfig(['--config-file', path])).toThrow('"debug" must be a boolean');
  });
  withFile('{', (path) =>
    expect(() => readConfig(['--config-file', path])).toThrow('unable to configure the daemon'),
  );
  expect(() => readConfig(['--config-file', '/nowhere/daemon.json'])).toThrow('ENOENT');
});

test('readConfig takes proxies from their object, a flag or the environment, and mirrors for any registry', () => {
  const file = JSON.stringify({
    proxies: { 'http-proxy': 'http://p:1', 'no-proxy': 'a,b' },
    mirrors: { 'quay.io': ['https://m'] },
    'max-download-attempts': 2,
  });
  withFile(file, (path) => {
    const config = readConfig(['--config-file', path, '--https-proxy', 'http://q:2']);
    expect(config.proxies).toEqual({ http: 'http://p:1', https: 'http://q:2', no: 'a,b' });
    expect(config).toMatchObject({ mirrors: { 'quay.io': ['https://m'] }, maxDownloadAttempts: 2 });
    expect(() => readConfig(['--config-file', path, '--http-proxy', 'x'])).toThrow('specified both');
  });
  process.env['HTTPS_PROXY'] = 'http://env:3';
  expect(readConfig([]).proxies.https).toBe('http://env:3');
  delete process.env['HTTPS_PROXY'];
});

test('readConfig refuses proxies and mirrors of another shape', () => {
  const refused = (content: unknown, message: string) =>
    withFile(JSON.stringify(content), (path) => {
      expect(() => readConfig(['--config-file', path])).toThrow(message);
    });
  refused({ proxies: 'x' }, '"proxies" must be an object');
  refused({ proxies: { 'ftp-proxy': 'x' } }, "don't match any configuration option: proxies.ftp-proxy");
  refused({ 'http-proxy': 'x' }, 'http-proxy (outside of "proxies")');
  refused({ proxies: { 'http-proxy': 1 } }, '"http-proxy" must be a string');
  refused({ mirrors: { 'quay.io': 'https://m' } }, '"mirrors" must be');
  refused({ 'max-download-attempts': 0 }, 'invalid max download attempts: 0');
});

test.each([
  [['--frob'], 'unknown flag: --frob'],
  [['-Z'], "unknown shorthand flag: 'Z' in -Z"],
  [['--data-root'], 'flag needs an argument: --data-root'],
  [['serve'], '"minked" accepts no argument(s).'],
])('readConfig refuses %p in the words of dockerd', (argv, sentence) => {
  expect(() => readConfig(argv)).toThrow(`${sentence}\nSee 'minked --help'.`);
});
