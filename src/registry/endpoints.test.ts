import { describe, expect, test } from 'bun:test';
import { Endpoints } from './endpoints.ts';

async function urls(domain: string, insecureRegistries: string[] = [], registryMirrors: string[] = []) {
  const candidates = await new Endpoints({ insecureRegistries, registryMirrors, mirrors: {} }).candidates(
    domain,
  );
  return candidates.map(({ url, verifyTls }) => `${url.origin}${verifyTls ? '' : ' unverified'}`);
}

describe('candidates', () => {
  test('Docker Hub has a name of its own, and mirrors come first', async () => {
    expect(await urls('docker.io')).toEqual(['https://registry-1.docker.io']);
    expect(await urls('docker.io', [], ['http://m:5000'])).toEqual([
      'http://m:5000',
      'https://registry-1.docker.io',
    ]);
    expect(await urls('ghcr.io', [], ['http://m:5000'])).toEqual(['https://ghcr.io']);
  });

  test.each(['localhost', 'localhost:5000', '127.0.0.1:5000', '127.8.9.1', '[::1]:5000'])(
    'loopback %s needs no TLS',
    async (domain) => {
      expect(await urls(domain)).toEqual([`http://${domain}`, `https://${domain} unverified`]);
    },
  );

  test.each([
    ['10.1.2.3:5000', ['10.0.0.0/8']],
    ['reg:5000', ['reg:5000']],
    ['reg:5000', ['reg']],
    ['[fd00::1]:5000', ['fd00::/8']],
  ])('%s is insecure with %p', async (domain, insecure) => {
    expect(await urls(domain, insecure)).toEqual([`https://${domain} unverified`, `http://${domain}`]);
  });

  test.each([
    ['11.1.2.3', ['10.0.0.0/8']],
    ['reg', ['reg:5000']],
    ['127.example.com', []],
  ])('%s is not with %p', async (domain, insecure) => {
    expect(await urls(domain, insecure)).toEqual([`https://${domain}`]);
  });

  test.each([
    [['10.0.0.0/99'], [], 'insecure registry 10.0.0.0/99 is not valid'],
    [['x/8'], [], 'insecure registry x/8 is not valid'],
    [[], ['mirror'], 'invalid mirror: "mirror" is not a valid URI'],
    [[], ['ftp://m'], 'invalid mirror: unsupported scheme "ftp" in "ftp://m"'],
    [[], ['http://u:p@m'], 'invalid mirror'],
  ])('refuses the settings %p and %p', async (insecure, mirrors, message) => {
    await expect(urls('x.io', insecure, mirrors)).rejects.toThrow(message);
  });

  test('what worked is remembered until it is forgotten', async () => {
    const endpoints = new Endpoints({ insecureRegistries: [], registryMirrors: [], mirrors: {} });
    const [, tls] = await endpoints.candidates('localhost');
    if (tls) endpoints.settle('localhost', tls);
    expect(await endpoints.candidates('localhost')).toEqual(tls ? [tls] : []);
    endpoints.forget('localhost');
    expect((await endpoints.candidates('localhost')).length).toBe(2);
  });
});
