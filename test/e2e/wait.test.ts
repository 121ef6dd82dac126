import { describe, expect, test } from 'bun:test';
import { calm } from '../fixtures/chaos/calm.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';

interface Answer {
  StatusCode: number;
  Error?: { Message: string } | null;
}

async function made(flags: string[], script: string): Promise<AsyncDisposable & { name: string }> {
  const { docker, busybox } = await engine();
  const name = uniqueName('wait');
  await docker.ok(['create', '--name', name, ...flags, busybox, 'sh', '-c', script]);
  return Object.assign(removing(docker, name), { name });
}

/** Begins a wait, and resolves once the engine has it: its head is there. */
async function waits(name: string, condition: string): Promise<{ answer: Promise<Answer> }> {
  const { daemon } = await engine();
  const answer = daemon.api.post(`/v1.41/containers/${name}/wait?condition=${condition}`);
  // Another request, after it on the same socket path: by now the wait is registered.
  await daemon.api.get(`/containers/${name}/json`);
  return { answer: answer.then((text) => text.json<Answer & Record<string, unknown>>()) };
}

describe('a wait', () => {
  test('for not-running, next-exit and removed ends when each comes true', async () => {
    using _calm = await calm('waits that a kill cuts off are asked again, maybe too late');
    const { docker } = await engine();
    await using box = await made([], 'exit 9');
    // It does not run: at once, whatever the code of a life that was none.
    expect(await (await waits(box.name, 'not-running')).answer).toMatchObject({ StatusCode: 0 });
    const order: string[] = [];
    const note = async (what: string) => {
      const { StatusCode } = await (await waits(box.name, what)).answer;
      order.push(`${what} ${StatusCode}`);
    };
    const next = note('next-exit');
    const removed = note('removed');
    await docker.run(['start', '-a', box.name]);
    await next;
    expect(order).toEqual(['next-exit 9']);
    expect(await (await waits(box.name, 'not-running')).answer).toMatchObject({ StatusCode: 9 });
    await docker.ok(['rm', box.name]);
    await removed;
    expect(order).toEqual(['next-exit 9', 'removed 9']);
  });

  test('for the removal of a container that goes by itself has its exit code', async () => {
    using _calm = await calm('waits that a kill cuts off are asked again, maybe too late');
    const { docker } = await engine();
    await using box = await made(['--rm'], 'exit 6');
    const { answer: removed } = await waits(box.name, 'removed');
    await docker.run(['start', box.name]);
    expect(await removed).toMatchObject({ StatusCode: 6 });
    expect((await docker.run(['inspect', box.name])).code).toBe(1);
  });

  test('for what there is not, or for nobody, is refused', async () => {
    const { daemon } = await engine();
    await using box = await made([], 'true');
    const odd = await daemon.api.post(`/v1.41/containers/${box.name}/wait?condition=odd`);
    // Docker 20.10 takes it for not-running.
    if (ENGINE === 'minke')
      expect([odd.status, odd.text]).toEqual([400, expect.stringContaining('invalid condition')]);
    expect((await daemon.api.post('/v1.41/containers/nobody/wait')).status).toBe(404);
  });
});
