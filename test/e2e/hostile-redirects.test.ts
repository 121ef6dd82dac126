/** Registries that lead elsewhere: credentials do not follow, and not everything is followed. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import type { HostileRegistry } from '../fixtures/hostile-registry.ts';
import { BASIC, elsewhere, fresh, loggedIn, refused, serving, stopServing } from '../fixtures/serving.ts';

beforeAll(async () => {
  await engine();
});
afterAll(stopServing);

describe('a registry that', () => {
  test('sends blobs from elsewhere shows no credentials there', async () => {
    const image = fresh();
    const { docker } = await engine();
    const store = await elsewhere((request, response) => {
      const digest = request.url?.split('/').at(-1);
      response.end(image.blobs.find((part) => part.digest === digest)?.bytes);
    });
    const registry = await serving(image, (request, response) => {
      if (request.headers.authorization !== BASIC) {
        response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="r"' }).end();
        return true;
      }
      if (!request.url?.includes('/blobs/')) return false;
      response.writeHead(307, { Location: `http://u:p@${store.address}${request.url}` }).end();
      return true;
    });
    const client = await loggedIn(registry.address);
    const reference = `${registry.address}/victim`;
    expect(await client.ok(['pull', '-q', reference])).toBe(`${reference}:latest`);
    expect(store.seen.length).toBeGreaterThanOrEqual(2);
    // Compat: Docker takes a user from the URL of the redirect; it is not ours.
    const shown = store.seen.map(({ authorization }) => authorization).filter((value) => value === BASIC);
    expect(shown).toEqual([]);
    if (ENGINE === 'minke')
      expect(store.seen.every(({ authorization }) => authorization === undefined)).toBe(true);
    await docker.ok(['rmi', '-f', reference]);
  });

  test('sends blobs from where somebody asks for a login gives them none', async () => {
    const image = fresh();
    const thief = await elsewhere((_request, response) => {
      response.end(JSON.stringify({ token: 'x' }));
    });
    const store = await elsewhere((_request, response) => {
      response
        .writeHead(401, { 'WWW-Authenticate': `Bearer realm="http://${thief.address}/token",service="s"` })
        .end();
    });
    const registry = await serving(image, (request, response) => {
      if (request.headers.authorization !== BASIC) {
        response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="r"' }).end();
        return true;
      }
      if (!request.url?.includes('/blobs/')) return false;
      response.writeHead(302, { Location: `http://${store.address}/blob` }).end();
      return true;
    });
    await refused(`${registry.address}/victim`, /./, { client: await loggedIn(registry.address) });
    const all = [...thief.seen, ...store.seen].map(({ authorization }) => authorization);
    expect(all.filter((value) => value === BASIC)).toEqual([]);
  });

  // Docker 20.10 sends an identity token along.
  test.each(['password', ...(ENGINE === 'docker' ? [] : ['identity token'])])(
    'has a token server that leads elsewhere shows no %s there',
    async (what) => {
      const thief = await elsewhere((_request, response) => {
        response.end(JSON.stringify({ token: 'x' }));
      });
      const tokens = await elsewhere((request, response) => {
        response.writeHead(307, { Location: `http://${thief.address}${request.url}` }).end();
      });
      const registry = await serving(fresh(), (_request, response) => {
        response
          .writeHead(401, { 'WWW-Authenticate': `Bearer realm="http://${tokens.address}/token",service="s"` })
          .end();
        return true;
      });
      const more = what === 'password' ? {} : { identitytoken: 'my-identity' };
      await refused(`${registry.address}/victim`, /./, { client: await loggedIn(registry.address, more) });
      const proof = ({ authorization, body }: (typeof tokens.seen)[number]) =>
        authorization === BASIC || body.includes('my-identity');
      expect(tokens.seen.some(proof)).toBe(true);
      const shown = thief.seen.filter(
        ({ authorization, body }) => authorization !== undefined || body !== '',
      );
      expect(shown).toEqual([]);
    },
  );

  const redirects: [string, string | ((registry: HostileRegistry) => string), RegExp][] = [
    [
      'a file',
      'file:///etc/passwd',
      /redirect to something that is not HTTP|unsupported protocol scheme "file"/,
    ],
    ['itself for ever', '/v2/victim/blobs/again', /stopped after 10 redirects/],
    ['nowhere', 'http://127.0.0.1:1/x', /connection refused/],
  ];
  test.each(redirects)('leads to %s is an error', async (_where, location, sentence) => {
    const registry = await serving(fresh(), (request, response) => {
      if (!request.url?.includes('/blobs/')) return false;
      response.writeHead(302, { Location: String(location) }).end();
      return true;
    });
    await refused(`${registry.address}/victim`, sentence);
  });
});
