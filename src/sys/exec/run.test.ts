import { describe, expect, test } from 'bun:test';
import { RunError, run } from './run.ts';

describe('run', () => {
  test('gives output and code when the program succeeds', async () => {
    const result = await run(['cat'], { input: 'hello' });
    expect(result.stdout.toString()).toBe('hello');
    expect((await run(['sh', '-c', 'exit 3'], { accept: [0, 3] })).code).toBe(3);
  });

  test('fails with code and the end of stderr when the program fails', async () => {
    const failed = run(['sh', '-c', 'head -c 100000 /dev/zero | tr "\\0" x >&2; echo bad >&2; exit 7']);
    const error = await failed.catch((e: unknown) => e);
    if (!(error instanceof RunError)) throw error;
    expect(error.exitCode).toBe(7);
    expect(error.stderr.length).toBeLessThanOrEqual(8192);
    expect(error.stderr.endsWith('bad')).toBe(true);
  });

  test('fails with ENOENT when there is no such program', async () => {
    const error = await run(['/no/such/program']).catch((e: unknown) => e);
    expect((error as RunError).code).toBe('ENOENT');
  });

  test('kills the child at its deadline though a grandchild keeps the pipes', async () => {
    const error = await run(['sh', '-c', 'sleep 5 & sleep 5'], { deadlineMs: 50 }).catch((e: unknown) => e);
    expect(String(error)).toContain('killed after 50 ms');
  });

  test('kills the child when the signal fires', async () => {
    const controller = new AbortController();
    const running = run(['sleep', '5'], { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
  });

  test('kills a child that says too much', async () => {
    await expect(run(['yes'], { maxOutput: 1000 })).rejects.toThrow('more than 1000 bytes');
  });

  test('judges a child that does not read its input by its code', async () => {
    expect((await run(['true'], { input: new Uint8Array(1 << 20) })).code).toBe(0);
  });
});
