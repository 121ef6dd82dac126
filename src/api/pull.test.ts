import { describe, expect, test } from 'bun:test';
import { EngineError } from '../base/mod.ts';
import type { ProgressMessage } from '../spec/docker/mod.ts';
import { ApiFixture } from './testing/api-fixture.ts';
import { fakeBackends } from './testing/fake-backends.ts';
import { readUntil, until } from './testing/read-socket.ts';

describe('pull', () => {
  const pulling = (
    pull: (progress: (message: ProgressMessage) => void, signal: AbortSignal) => Promise<void>,
  ) => ({
    images: {
      ...fakeBackends().backends.images,
      pull: (
        _ref: string,
        { signal }: { signal: AbortSignal },
        progress: (message: ProgressMessage) => void,
      ) => pull(progress, signal),
    },
  });
  const path = '/images/create?fromImage=busybox&tag=latest';

  test('streams its records, ended by CRLF', async () => {
    await using api = await ApiFixture.start(
      pulling(async (progress) => {
        progress({ status: 'Pulling from library/busybox', id: 'latest' });
        progress({ status: 'Status: done' });
      }),
    );
    const { status, headers, body } = await api.request('POST', path);
    expect([status, headers['content-type']]).toEqual([200, 'application/json']);
    expect(body).toBe(
      '{"status":"Pulling from library/busybox","id":"latest"}\r\n{"status":"Status: done"}\r\n',
    );
  });

  test('has a status of its own when it fails before the first record, a record after', async () => {
    const failure = new EngineError('not-found', 'manifest for busybox:nope not found');
    {
      await using api = await ApiFixture.start(pulling(() => Promise.reject(failure)));
      const { status, body } = await api.request('POST', path);
      expect([status, body]).toEqual([404, '{"message":"manifest for busybox:nope not found"}\n']);
    }
    await using api = await ApiFixture.start(
      pulling(async (progress) => {
        progress({ status: 'begun' });
        throw failure;
      }),
    );
    const { status, body } = await api.request('POST', path);
    expect(status).toBe(200);
    expect(body).toEndWith(
      '{"errorDetail":{"message":"manifest for busybox:nope not found"},"error":"manifest for busybox:nope not found"}\r\n',
    );
  });

  test('is cancelled by a hang-up, and refuses what is no reference', async () => {
    let cancelled = false;
    await using api = await ApiFixture.start(
      pulling(async (progress, signal) => {
        progress({ status: 'begun' });
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        cancelled = true;
      }),
    );
    const socket = api.connect();
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await readUntil(socket, (text) => text.includes('begun'));
    socket.destroy();
    await until(() => cancelled);
    const bad = await api.request('POST', '/images/create?fromImage=BAD&tag=x');
    expect(bad.status).toBe(400);
    expect((await api.request('POST', '/images/create?fromImage=scratch&tag=x')).status).toBe(403);
  });
});
