import { describe, expect, test } from 'bun:test';
import { ApiFixture } from './testing/api-fixture.ts';
import { readUntil, until } from './testing/read-socket.ts';

describe('wait', () => {
  test('sends its head at once from 1.30 on, and only at the exit before', async () => {
    await using api = await ApiFixture.start();
    const early = api.connect();
    early.write('POST /v1.29/containers/web/wait HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    const socket = api.connect();
    socket.write(
      'POST /containers/web/wait?condition=next-exit HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    );
    const head = await readUntil(socket, (text) => text.includes('\r\n\r\n'));
    expect(head).toStartWith('HTTP/1.1 200 OK\r\n');
    expect(early.bytesRead).toBe(0);
    api.engine.exit.resolve({ statusCode: 42 });
    expect(await readUntil(socket, (text) => text.includes('}'))).toContain('{"StatusCode":42}\n');
    const text = await readUntil(early, (all) => all.includes('}'));
    expect(text).toContain('{"StatusCode":42}\n');
    expect(api.engine.calls.sort()).toEqual(['wait web next-exit', 'wait web not-running']);
    early.destroy();
    socket.destroy();
  });

  test('is cancelled when the client hangs up', async () => {
    await using api = await ApiFixture.start();
    const socket = api.connect();
    socket.write('POST /containers/web/wait HTTP/1.1\r\nHost: x\r\n\r\n');
    await readUntil(socket, (text) => text.includes('\r\n\r\n'));
    expect(api.engine.waitSignal?.aborted).toBe(false);
    socket.destroy();
    await until(() => api.engine.waitSignal?.aborted === true);
  });

  test('refuses a condition that it does not know, and reports a failed removal', async () => {
    await using api = await ApiFixture.start();
    const bad = await api.request('POST', '/containers/web/wait?condition=x');
    expect([bad.status, bad.body]).toEqual([400, '{"message":"invalid condition: \\"x\\""}\n']);
    api.engine.exit.resolve({ statusCode: 0, error: 'busy' });
    const removed = '/containers/web/wait?condition=removed';
    expect((await api.request('POST', removed)).body).toBe('{"StatusCode":0,"Error":{"Message":"busy"}}\n');
    expect((await api.request('POST', `/v1.33${removed}`)).body).toBe('');
  });
});
