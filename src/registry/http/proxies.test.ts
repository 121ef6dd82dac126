import { describe, expect, test } from 'bun:test';
import { Proxies } from './proxies.ts';

const through = (no: string, url: string) =>
  new Proxies({ http: 'http://plain:3128', https: 'http://secure:3129', no }).for(new URL(url))?.host;

describe('Proxies', () => {
  test('goes by the scheme of the URL', () => {
    expect(through('', 'http://example.com/v2/')).toBe('plain:3128');
    expect(through('', 'https://example.com/v2/')).toBe('secure:3129');
    expect(new Proxies({ http: '', https: '', no: '' }).for(new URL('https://x/'))).toBeUndefined();
  });

  test('leaves the loopback alone', () => {
    for (const host of ['localhost', '127.0.0.1', '127.8.9.1:5000', '[::1]:5000']) {
      expect(through('', `https://${host}/`)).toBeUndefined();
    }
  });

  test.each([
    ['*', 'https://a.example.com/', false],
    ['example.com', 'https://example.com/', false],
    ['example.com', 'https://a.example.com/', false],
    ['example.com', 'https://notexample.com/', true],
    ['.example.com', 'https://example.com/', true],
    ['.example.com', 'https://a.example.com/', false],
    ['*.example.com', 'https://a.example.com/', false],
    ['EXAMPLE.com', 'https://example.COM/', false],
    ['example.com:5000', 'https://example.com:5000/', false],
    ['example.com:5000', 'https://example.com/', true],
    ['example.com:443', 'https://example.com/', false],
    ['10.0.0.0/8', 'https://10.1.2.3:5000/', false],
    ['10.0.0.0/8', 'https://11.1.2.3/', true],
    ['10.1.2.3', 'https://10.1.2.3/', false],
    ['10.1.2.3:80', 'https://10.1.2.3/', true],
    ['fd00::/8', 'https://[fd00::1]/', false],
    ['[fd00::1]:443', 'https://[fd00::1]/', false],
    [' a , example.com', 'https://example.com/', false],
    ['x/99,10.0.0.0/99,,.', 'https://example.com/', true],
  ])('no-proxy %s and %s', (no, url, proxied) => {
    expect(through(no, url) !== undefined).toBe(proxied);
  });

  test('takes a host without a scheme, and refuses what is no HTTP proxy without showing its password', () => {
    expect(new Proxies({ http: 'p:1', https: '', no: '' }).for(new URL('http://x/'))?.href).toBe(
      'http://p:1/',
    );
    expect(() => new Proxies({ http: 'socks5://u:secret@p:1', https: '', no: '' })).toThrow(
      'invalid proxy "socks5://xxxxx:xxxxx@p:1"',
    );
  });
});
