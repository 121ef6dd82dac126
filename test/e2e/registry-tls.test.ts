import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxImage } from '../fixtures/busybox.ts';
import { Authority, type KeyPair } from '../fixtures/certificates.ts';
import { Client, dockerClis } from '../fixtures/cli.ts';
import { Daemon, ENGINE } from '../fixtures/daemon.ts';
import { Etc } from '../fixtures/etc.ts';
import { push } from '../fixtures/image.ts';
import { Registry } from '../fixtures/registry.ts';

const etc = new Etc();
const SECURE = '10.98.1.1';
const BY_NET = '10.98.2.1';
const BY_HOST = '10.98.3.1';

let authority: Authority;
let certs: KeyPair;
/** All with certificates of one authority that the machine does not know. */
let registries: { secure: Registry; byNet: Registry; byHost: Registry; plain: Registry; mutual: Registry };
let daemon: Daemon;
let docker: Client;

beforeAll(async () => {
  for (const address of [SECURE, BY_NET, BY_HOST]) await etc.address(address);
  await etc.folder('/etc/docker');
  await etc.folder('/etc/minke');
  authority = await Authority.create();
  certs = await authority.issue('server', [`IP:${SECURE}`]);
  const image = busyboxImage();
  registries = {
    secure: await Registry.start({ host: SECURE, tls: certs }),
    // The certificate is not for these addresses.
    byNet: await Registry.start({ host: BY_NET, tls: certs }),
    byHost: await Registry.start({ host: BY_HOST, tls: certs }),
    plain: await Registry.start({ host: BY_NET }),
    mutual: await Registry.start({
      host: SECURE,
      tls: { ...certs, clientAuthority: authority.cert },
    }),
  };
  const { secure, byNet, byHost, plain } = registries;
  for (const { address } of [secure, byNet, byHost]) {
    await push(address, 'busybox', 'latest', image, { scheme: 'https' });
  }
  await push(plain.address, 'busybox', 'latest', image);
  daemon = await Daemon.start({
    subnet: 91,
    config: { 'insecure-registries': ['10.98.2.0/24', byHost.address] },
  });
  const [cli] = dockerClis();
  if (!cli) throw new Error('no docker CLI');
  docker = new Client(cli, daemon.host);
}, 60_000);

afterAll(async () => {
  await daemon?.stop();
  for (const registry of Object.values(registries ?? {})) await registry.stop();
  await etc.restore();
}, 60_000);

/** Removes the image at the end of the scope. */
function untagging(reference: string): AsyncDisposable {
  return {
    [Symbol.asyncDispose]: async () => {
      await docker.run(['rmi', '-f', reference]);
    },
  };
}

describe('a registry with a certificate of an unknown authority', () => {
  test('is refused', async () => {
    const result = await docker.run(['pull', `${registries.secure.address}/busybox`]);
    expect(result.code).toBe(1);
    const url = `https://${registries.secure.address}/v2/`;
    expect(result.stderr).toMatch(
      new RegExp(
        `^Error response from daemon: Get "${url}": (tls: failed to verify certificate: )?x509: certificate signed by unknown authority`,
      ),
    );
  });

  const folders = ['/etc/docker/certs.d', ...(ENGINE === 'minke' ? ['/etc/minke/certs.d'] : [])];
  test.each(folders)('is pulled from if the authority lies in %s', async (folder) => {
    const reference = `${registries.secure.address}/busybox`;
    const place = join(folder, registries.secure.address);
    mkdirSync(place, { recursive: true });
    copyFileSync(authority.cert, join(place, 'ca.crt'));
    await using _ = untagging(reference);
    expect(await docker.ok(['pull', '-q', reference])).toBe(`${reference}:latest`);
    expect(await docker.ok(['run', '--rm', reference, 'echo', 'run'])).toBe('run');
    rmSync(place, { recursive: true });
  });

  test('is not trusted any more when the certificate was taken away', async () => {
    const result = await docker.run(['pull', `${registries.secure.address}/busybox`]);
    expect(result.stderr).toContain('x509: certificate signed by unknown authority');
  });

  test('that asks for a client certificate gets the one that lies there', async () => {
    const reference = `${registries.mutual.address}/busybox`;
    const place = join('/etc/docker/certs.d', registries.mutual.address);
    mkdirSync(place, { recursive: true });
    copyFileSync(authority.cert, join(place, 'ca.crt'));
    const refused = await docker.run(['pull', reference]);
    expect(refused.stderr).toMatch(/tls: |certificate required|bad certificate|EOF|reset/);
    const client = await authority.issue('client', ['DNS:client']);
    copyFileSync(client.cert, join(place, 'client.cert'));
    const keyless = await docker.run(['pull', reference]);
    expect(keyless.stderr).toContain('missing key client.key for client certificate client.cert. ');
    copyFileSync(client.key, join(place, 'client.key'));
    const known = await docker.run(['pull', reference]);
    expect(known.stderr).toContain(`manifest for ${reference}:latest not found: manifest unknown`);
  });
});

describe('insecure-registries', () => {
  test.each(['byNet', 'byHost'] as const)('%s: a certificate for another name is taken', async (which) => {
    const reference = `${registries[which].address}/busybox`;
    await using _ = untagging(reference);
    expect(await docker.ok(['pull', '-q', reference])).toBe(`${reference}:latest`);
  });

  test('a name counts by the addresses it has', async () => {
    await etc.hosts({ 'registry.minke.test': BY_NET });
    const reference = `registry.minke.test:${registries.byNet.address.split(':')[1]}/busybox`;
    await using _ = untagging(reference);
    expect(await docker.ok(['pull', '-q', reference])).toBe(`${reference}:latest`);
  });

  test('a registry without TLS is pulled from', async () => {
    const reference = `${registries.plain.address}/busybox`;
    await using _ = untagging(reference);
    expect(await docker.ok(['pull', '-q', reference])).toBe(`${reference}:latest`);
  });

  test('stand in docker info', async () => {
    const text = await docker.ok(['info']);
    for (const entry of [registries.byHost.address, '10.98.2.0/24', '127.0.0.0/8']) {
      expect(text).toContain(`\n  ${entry}\n`);
    }
  });

  test('a registry that is not among them is never spoken to without TLS', async () => {
    await using plain = await started(Registry.start({ host: SECURE }));
    const result = await docker.run(['pull', `${plain.registry.address}/busybox`]);
    expect(result.stderr).toContain('http: server gave HTTP response to HTTPS client');
    expect(plain.registry.requests()).toEqual([]);
  });
});

async function started(starting: Promise<Registry>): Promise<{ registry: Registry } & AsyncDisposable> {
  const registry = await starting;
  return { registry, [Symbol.asyncDispose]: () => registry.stop() };
}
