import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { busyboxImage } from '../fixtures/busybox.ts';
import { Authority } from '../fixtures/certificates.ts';
import { Client, dockerClis } from '../fixtures/cli.ts';
import { Daemon, ENGINE } from '../fixtures/daemon.ts';
import { Etc } from '../fixtures/etc.ts';
import { ForwardProxy } from '../fixtures/forward-proxy.ts';
import { push } from '../fixtures/image.ts';
import { Registry } from '../fixtures/registry.ts';

const etc = new Etc();
const BEHIND = '10.98.20.1';
const NEAR = '10.98.21.1';
const closing: (() => Promise<unknown>)[] = [];
let authority: Authority;
let secure: Registry;
let plain: Registry;
let near: Registry;
let proxy: ForwardProxy;

function kept<T extends { stop(): Promise<unknown> }>(thing: T): T {
  closing.push(() => thing.stop());
  return thing;
}

beforeAll(async () => {
  await etc.address(BEHIND);
  await etc.address(NEAR);
  authority = await Authority.create();
  const tls = await authority.issue('server', [`IP:${BEHIND}`, `IP:${NEAR}`]);
  secure = kept(await Registry.start({ host: BEHIND, tls }));
  plain = kept(await Registry.start({ host: BEHIND }));
  near = kept(await Registry.start({ host: NEAR, tls }));
  for (const { address } of [secure, near]) {
    await push(address, 'busybox', 'latest', busyboxImage(), { scheme: 'https' });
  }
  await push(plain.address, 'busybox', 'latest', busyboxImage());
  proxy = kept(await ForwardProxy.start('user:pass word'));
}, 60_000);

afterAll(async () => {
  for (const close of closing.reverse()) await close();
  await etc.restore();
}, 60_000);

/** Docker 20.10 takes proxies from the environment only. */
async function daemonWith(subnet: number, url: string): Promise<Client> {
  const no = `${NEAR},x.example`;
  const inFile = ENGINE === 'minke' && subnet % 2 === 0;
  const daemon = kept(
    await Daemon.start({
      subnet,
      config: {
        'insecure-registries': [plain.address],
        ...(inFile && { proxies: { 'http-proxy': url, 'https-proxy': url, 'no-proxy': no } }),
      },
      env: {
        SSL_CERT_FILE: authority.cert,
        ...(!inFile && { HTTP_PROXY: url, HTTPS_PROXY: url, NO_PROXY: no }),
      },
    }),
  );
  const [cli] = dockerClis();
  if (!cli) throw new Error('no docker CLI');
  return new Client(cli, daemon.host);
}

describe('a proxy', () => {
  test.each([
    ['daemon.json', 96],
    ['the environment', 97],
  ])('of %s is gone through, with and without TLS, except where no-proxy says so', async (_where, subnet) => {
    const docker = await daemonWith(subnet, `http://user:pass%20word@${proxy.address}`);
    const before = proxy.requests.length;
    expect(await docker.ok(['pull', '-q', `${secure.address}/busybox`])).toBe(
      `${secure.address}/busybox:latest`,
    );
    expect(proxy.requests.slice(before)).toContain(`CONNECT ${secure.address}`);
    await docker.ok(['rmi', `${secure.address}/busybox`]);
    expect(await docker.ok(['pull', '-q', `${plain.address}/busybox`])).toBe(
      `${plain.address}/busybox:latest`,
    );
    const seen = proxy.requests
      .slice(before)
      .filter((line) => line.includes(`http://${plain.address}/v2/busybox/`));
    expect(seen.some((line) => line.includes('/manifests/'))).toBe(true);
    expect(seen.some((line) => line.includes('/blobs/'))).toBe(true);
    expect(plain.requests().length).toBeGreaterThan(0);
    const count = proxy.requests.length;
    expect(await docker.ok(['pull', '-q', `${near.address}/busybox`])).toBe(`${near.address}/busybox:latest`);
    expect(proxy.requests).toHaveLength(count);
    const blobs = plain.requests().map((line) => /\/v2\/busybox\/blobs\/sha256:\w+/.exec(line)?.[0]);
    const url = `http://${plain.address}${blobs.findLast((path) => path !== undefined)}`;
    // Compat: Docker's own import takes proxies from the environment only.
    expect((await docker.run(['import', url])).stdout).toMatch(ENGINE === 'minke' ? /^sha256:/m : /^/);
    expect(proxy.requests.slice(count)).toEqual([`GET ${url}`]);
    const info = await docker.ok(['info']);
    expect(info).toContain(` HTTP Proxy: http://xxxxx:xxxxx@${proxy.address}\n`);
    expect(info).toContain(` No Proxy: ${NEAR},x.example\n`);
  });

  test('that refuses, or is not there, is told of', async () => {
    const refused = await daemonWith(98, `http://user:wrong@${proxy.address}`);
    const result = await refused.run(['pull', `${secure.address}/busybox`]);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain(`Get "https://${secure.address}/v2/": Proxy Authentication Required`);
    const absent = await daemonWith(99, 'http://127.0.0.1:1');
    const nobody = await absent.run(['pull', `${secure.address}/busybox`]);
    expect(nobody.stderr).toContain('proxyconnect tcp: dial tcp 127.0.0.1:1: connect: connection refused');
  });
});
