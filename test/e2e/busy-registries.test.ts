/** Registries that are busy: asked again, with pauses, and not for ever. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Client, dockerClis } from '../fixtures/cli.ts';
import { Daemon, ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import type { Script } from '../fixtures/hostile-registry.ts';
import { fresh, refused, serving, stopLater, stopServing } from '../fixtures/serving.ts';

beforeAll(async () => {
  await engine();
});
afterAll(stopServing);

describe('a registry that is only busy', () => {
  /** Answers so a few times, for each path, before it serves. */
  const few = (
    times: number,
    answer: (request: IncomingMessage, response: ServerResponse) => void,
  ): Script => {
    const counts = new Map<string, number>();
    return (request, response) => {
      const path = request.url ?? '';
      const count = (counts.get(path) ?? 0) + 1;
      counts.set(path, count);
      if (path === '/v2/' || count > times) return false;
      answer(request, response);
      return true;
    };
  };

  test.skipIf(ENGINE === 'docker').each([
    [
      'says 429 and when to come again',
      few(1, (_, response) => response.writeHead(429, { 'Retry-After': '1' }).end()),
    ],
    ['says 503', few(2, (_, response) => response.writeHead(503).end())],
    ['says 500', few(2, (_, response) => response.writeHead(500).end('on fire'))],
    ['resets the connection', few(1, (_, response) => response.socket?.resetAndDestroy())],
    ['hangs up', few(1, (_, response) => response.socket?.destroy())],
  ] as [string, Script][])('%s is asked again', async (_what, script) => {
    const { docker } = await engine();
    const image = fresh(100_000);
    const registry = await serving(image, script);
    const reference = `${registry.address}/victim`;
    expect(await docker.ok(['pull', '-q', reference], { timeout: 50_000 })).toBe(`${reference}:latest`);
    const last = image.blobs.at(-1)?.digest ?? '';
    expect(registry.requests.filter((line) => line.includes(last)).length).toBeGreaterThan(1);
    await docker.ok(['rmi', reference]);
  });

  // Docker's client asks three times for each of its attempts.
  test.skipIf(ENGINE === 'docker')(
    'is asked for a layer as often as max-download-attempts says',
    async () => {
      const image = fresh();
      const last = image.blobs.at(-1)?.digest ?? '';
      const registry = await serving(image, (request, response) => {
        if (!request.url?.includes(last)) return false;
        response.writeHead(500).end();
        return true;
      });
      const daemon = await Daemon.start({ subnet: 89, config: { 'max-download-attempts': 2 } });
      stopLater(daemon);
      const [cli] = dockerClis();
      if (!cli) throw new Error('no docker CLI');
      const result = await new Client(cli, daemon.host).run(['pull', `${registry.address}/victim`], {
        timeout: 50_000,
      });
      expect(result.code).toBe(1);
      expect(result.stderr).toContain('received unexpected HTTP status: 500 Internal Server Error');
      expect(registry.requests.filter((line) => line.includes(last))).toHaveLength(2);
    },
  );

  test.skipIf(ENGINE === 'docker')('for an hour is not waited for', async () => {
    const registry = await serving(fresh(), (_request, response) => {
      const body = JSON.stringify({ errors: [{ code: 'TOOMANYREQUESTS', message: 'come back later' }] });
      response.writeHead(429, { 'Retry-After': '3600', 'Content-Type': 'application/json' }).end(body);
      return true;
    });
    await refused(`${registry.address}/victim`, /toomanyrequests: come back later/);
    expect(registry.requests).toHaveLength(1);
  });

  test.skipIf(ENGINE === 'docker')('with a layer is asked for the rest of it', async () => {
    const { docker } = await engine();
    const image = fresh(3 << 20);
    const layer = image.blobs.at(-1);
    if (!layer) throw new Error('no layer');
    let cut = 0;
    const ranges: string[] = [];
    const registry = await serving(image, (request, response) => {
      if (!request.url?.includes(layer.digest)) return false;
      const { range = '' } = request.headers;
      ranges.push(range);
      const from = Number(/^bytes=(\d+)-/.exec(range)?.[1] ?? 0);
      const { length } = layer.bytes;
      response.writeHead(range ? 206 : 200, {
        'Content-Length': length - from,
        ...(range && { 'Content-Range': `bytes ${from}-${length - 1}/${length}` }),
      });
      const isCut = cut++ === 0;
      const part = layer.bytes.subarray(from, isCut ? from + 2_000_000 : length);
      response.write(part, () => (isCut ? response.socket?.destroy() : response.end()));
      return true;
    });
    const reference = `${registry.address}/victim`;
    expect(await docker.ok(['pull', '-q', reference], { timeout: 50_000 })).toBe(`${reference}:latest`);
    expect(ranges.length).toBeGreaterThan(1);
    expect(ranges.at(-1)).toMatch(/^bytes=[1-9]\d*-$/);
    await docker.ok(['rmi', reference]);
  });
});
