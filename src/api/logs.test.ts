import { describe, expect, test } from 'bun:test';
import { FrameDecoder } from '../spec/docker/mod.ts';
import { ApiFixture } from './testing/api-fixture.ts';

describe('logs', () => {
  const path = '/containers/web/logs?stdout=1&stderr=1';

  test('are framed, with times and details when asked', async () => {
    await using api = await ApiFixture.start();
    const { headers, body } = await api.request('GET', `${path}&timestamps=1&details=1`);
    expect(headers['content-type']).toBe('application/vnd.docker.multiplexed-stream');
    const frames = [...new FrameDecoder().push(Buffer.from(body, 'latin1'))].map(({ stream, data }) => [
      stream,
      `${data}`,
    ]);
    expect(frames).toEqual([
      [1, '2026-11-24T07:00:00.120000000Z  hello\n'],
      [2, '2026-11-24T07:00:01.000000000Z a=x,b=1+2 oops\n'],
    ]);
    const old = await api.request('GET', `/v1.41${path}`);
    expect(old.headers['content-type']).toBe('application/vnd.docker.raw-stream');
  });

  test('refuse to show no stream, and a container that is not there', async () => {
    await using api = await ApiFixture.start();
    const none = await api.request('GET', '/containers/web/logs');
    expect(none.body).toBe('{"message":"Bad parameters: you must choose at least one stream"}\n');
    expect((await api.request('GET', path.replace('web', 'nope'))).status).toBe(404);
  });
});
