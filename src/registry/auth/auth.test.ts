import { describe, expect, test } from 'bun:test';
import { parseReference } from '../../spec/reference.ts';
import { createRegistry } from '../create-registry.ts';
import { fakeImage, serve } from '../testing/fake-image.ts';
import { FakeRegistry, type FakeRequest } from '../testing/fake-registry.ts';

const limits = { headMs: 300, stallMs: 300, attempts: 2, backoffMs: 1, maxBackoffMs: 5 };
const image = fakeImage(Buffer.from('layer'));
const user = { username: 'u', password: 'p' };
const basic = `Basic ${Buffer.from('u:p').toString('base64')}`;
const form = (request: FakeRequest | undefined) => Object.fromEntries(new URLSearchParams(request?.body));
const query = (request: FakeRequest | undefined) =>
  Object.fromEntries(new URL(request?.path ?? '/', 'http://x').searchParams);

/** A registry that wants a token, and its token server. */
async function withTokens(token: (request: FakeRequest) => void, accept = 'Bearer t') {
  const tokens = await FakeRegistry.start(token);
  const registry = await FakeRegistry.start((request) => {
    if (request.headers['authorization'] === accept) {
      if (request.path === '/v2/') request.reply(200, '{}');
      else serve(image, request);
      return;
    }
    const challenge = `Bearer realm="http://${tokens.host}/token",service="svc",scope="repository:evil:*"`;
    const body = JSON.stringify({
      errors: [{ code: 'UNAUTHORIZED', message: 'authentication required', detail: [] }],
    });
    request.reply(401, body, { 'www-authenticate': challenge });
  });
  return { tokens, registry };
}

describe('token authentication', () => {
  test('asks once for a token of our own scope and keeps it', async () => {
    const fakes = await withTokens((request) => request.reply(200, '{"token":"t","expires_in":300}'));
    await using tokens = fakes.tokens;
    await using fake = fakes.registry;
    using registry = createRegistry({ limits });
    const reference = parseReference(`${fake.host}/x`);
    await Promise.all([registry.resolve(reference, {}), registry.resolve(reference, {})]);
    const unauthorized = fake.requests.filter(({ headers }) => headers['authorization'] === undefined).length;
    await Promise.all([registry.resolve(reference, {}), registry.resolve(reference, {})]);
    expect(tokens.requests.length).toBe(1);
    expect(query(tokens.requests[0])).toEqual({ service: 'svc', scope: 'repository:x:pull' });
    expect(tokens.requests[0]?.headers['authorization']).toBeUndefined();
    expect(fake.requests.filter(({ headers }) => headers['authorization'] === undefined).length).toBe(
      unauthorized,
    );
  });

  test('shows user and password to the token server only', async () => {
    const fakes = await withTokens((request) => request.reply(200, '{"access_token":"t"}'));
    await using tokens = fakes.tokens;
    await using fake = fakes.registry;
    using registry = createRegistry({ limits });
    await registry.resolve(parseReference(`${fake.host}/x`), { auth: user });
    expect(tokens.requests[0]?.headers['authorization']).toBe(basic);
    expect(query(tokens.requests[0])['account']).toBe('u');
    expect(fake.requests.some(({ headers }) => headers['authorization']?.startsWith('Basic'))).toBe(false);
  });

  test('uses an identity token by POST', async () => {
    const fakes = await withTokens((request) => request.reply(200, '{"access_token":"t"}'));
    await using tokens = fakes.tokens;
    await using fake = fakes.registry;
    using registry = createRegistry({ limits });
    await registry.resolve(parseReference(`${fake.host}/x`), { auth: { identitytoken: 'refresh' } });
    expect(tokens.requests[0]?.method).toBe('POST');
    expect(form(tokens.requests[0])).toEqual({
      grant_type: 'refresh_token',
      service: 'svc',
      client_id: 'docker',
      scope: 'repository:x:pull',
      refresh_token: 'refresh',
    });
  });

  test('sends a registry token as it is', async () => {
    const fakes = await withTokens((request) => request.reply(500));
    await using tokens = fakes.tokens;
    await using fake = fakes.registry;
    using registry = createRegistry({ limits });
    await registry.resolve(parseReference(`${fake.host}/x`), { auth: { registrytoken: 't' } });
    expect(tokens.requests.length).toBe(0);
  });

  test('fetches a new token, once, when the registry does not take the old one any more', async () => {
    let current = 'a';
    const tokens = await FakeRegistry.start((request) => request.reply(200, `{"token":"${current}"}`));
    await using _tokens = tokens;
    await using fake = await FakeRegistry.start((request) => {
      if (request.headers['authorization'] === `Bearer ${current}`) serve(image, request);
      else request.reply(401, '', { 'www-authenticate': `Bearer realm="http://${tokens.host}/token"` });
    });
    using registry = createRegistry({ limits });
    const reference = parseReference(`${fake.host}/x`);
    await registry.resolve(reference, {});
    current = 'b';
    await registry.resolve(reference, {});
    expect(tokens.requests.length).toBe(2);
    current = 'never';
    tokens.requests.length = 0;
  });

  test.each([
    [401, '{"details":"incorrect username or password"}', 'unauthorized: incorrect username or password'],
    [500, '', 'received unexpected HTTP status: 500 Internal Server Error'],
    [200, '{}', 'authorization server did not include a token in the response'],
    [200, '<', 'unable to decode token response'],
    [200, '{"token":"a\\r\\nb: c"}', 'authorization server gave a malformed token'],
  ])('tells what the token server said: %d %s', async (status, body, message) => {
    const fakes = await withTokens((request) => request.reply(status, body));
    await using _tokens = fakes.tokens;
    await using fake = fakes.registry;
    using registry = createRegistry({ limits });
    await expect(registry.resolve(parseReference(`${fake.host}/x`), { auth: user })).rejects.toThrow(message);
  });

  test('a pull is cancelled also while the token server hangs', async () => {
    const abort = new AbortController();
    const fakes = await withTokens(() => abort.abort());
    await using _tokens = fakes.tokens;
    await using fake = fakes.registry;
    using registry = createRegistry();
    const pending = registry.resolve(parseReference(`${fake.host}/x`), { signal: abort.signal });
    await expect(pending).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('ends on a registry that takes no token at all', async () => {
    const fakes = await withTokens((request) => request.reply(200, '{"token":"t"}'), 'Bearer other');
    await using _tokens = fakes.tokens;
    await using fake = fakes.registry;
    using registry = createRegistry({ limits });
    await expect(registry.resolve(parseReference(`${fake.host}/x`), {})).rejects.toThrow(
      'unauthorized: authentication required',
    );
    expect(fake.requests.length).toBe(2);
  });
});

describe('basic authentication', () => {
  const guard = (request: FakeRequest) => {
    if (request.headers['authorization'] === basic) serve(image, request);
    else request.reply(401, '', { 'www-authenticate': 'Basic realm="r"' });
  };

  test('sends credentials once they are asked for, and then at once', async () => {
    await using fake = await FakeRegistry.start(guard);
    using registry = createRegistry({ limits });
    await registry.resolve(parseReference(`${fake.host}/x`), { auth: { auth: basic.slice(6) } });
    expect(fake.requests.map(({ headers }) => headers['authorization'])).toEqual([undefined, basic, basic]);
  });

  test("without credentials says Docker's sentence", async () => {
    await using fake = await FakeRegistry.start(guard);
    using registry = createRegistry({ limits });
    await expect(registry.resolve(parseReference(`${fake.host}/x:1`), {})).rejects.toThrow(
      `Head "http://${fake.host}/v2/x/manifests/1": no basic auth credentials`,
    );
  });
});

describe('redirects', () => {
  test('carry no credentials to another host', async () => {
    await using storage = await FakeRegistry.start((request) => serve(image, request));
    await using fake = await FakeRegistry.start((request) => {
      if (request.headers['authorization'] !== basic)
        request.reply(401, '', { 'www-authenticate': 'Basic realm="r"' });
      else if (request.path.includes('/blobs/')) {
        request.reply(307, '', { location: `http://${storage.host}${request.path}` });
      } else if (request.path.endsWith('latest'))
        request.reply(302, '', { location: `./${image.manifestDigest}` });
      else serve(image, request);
    });
    using registry = createRegistry({ limits });
    await registry.resolve(parseReference(`${fake.host}/x:latest`), { auth: user });
    expect(storage.requests.map(({ headers }) => headers['authorization'])).toEqual([undefined]);
  });

  test('do not go round for ever, nor out of HTTP', async () => {
    await using fake = await FakeRegistry.start((request) =>
      request.reply(301, '', { location: request.path }),
    );
    await using other = await FakeRegistry.start((request) =>
      request.reply(301, '', { location: 'file:///etc/passwd' }),
    );
    using registry = createRegistry({ limits });
    await expect(registry.resolve(parseReference(`${fake.host}/x`), {})).rejects.toThrow(
      'stopped after 10 redirects',
    );
    await expect(registry.resolve(parseReference(`${other.host}/x`), {})).rejects.toThrow(
      'unsupported protocol scheme "file"',
    );
  });
});

describe('login', () => {
  test('gives the refresh token of the token server', async () => {
    const fakes = await withTokens((request) => request.reply(200, '{"token":"t","refresh_token":"r"}'));
    await using tokens = fakes.tokens;
    await using fake = fakes.registry;
    using registry = createRegistry({ limits });
    expect(await registry.login({ ...user, serveraddress: fake.host })).toEqual({
      status: 'Login Succeeded',
      identityToken: 'r',
    });
    expect(query(tokens.requests[0])).toMatchObject({
      offline_token: 'true',
      client_id: 'docker',
      account: 'u',
    });
  });

  test.each([
    ['u', 'p', undefined],
    ['u', 'wrong', 'unauthorized'],
    ['', '', 'unauthorized'],
  ])('checks user %p and password %p by Basic', async (username, password, code) => {
    await using fake = await FakeRegistry.start((request) => {
      if (request.headers['authorization'] === basic) request.reply(200, '{}');
      else request.reply(401, '', { 'www-authenticate': 'Basic realm="r"' });
    });
    using registry = createRegistry({ limits });
    const pending = registry.login({ username, password, serveraddress: `http://${fake.host}` });
    if (code === undefined) {
      expect(await pending).toEqual({ status: 'Login Succeeded', identityToken: '' });
      return;
    }
    await expect(pending).rejects.toMatchObject({
      code,
      message: `login attempt to http://${fake.host}/v2/ failed with status: 401 Unauthorized`,
    });
  });

  test('tells what the token server said', async () => {
    const fakes = await withTokens((request) =>
      request.reply(401, '{"details":"incorrect username or password"}'),
    );
    await using _tokens = fakes.tokens;
    await using fake = fakes.registry;
    using registry = createRegistry({ limits });
    await expect(registry.login({ ...user, serveraddress: fake.host })).rejects.toMatchObject({
      code: 'unauthorized',
      message: expect.stringContaining('unauthorized: incorrect username or password'),
    });
  });
});
