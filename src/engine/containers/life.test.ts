import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { EngineError } from '../../base/mod.ts';
import { attach } from './attach.ts';
import type { Container } from './container.ts';
import { kill } from './kill.ts';
import { handleExit } from './life/supervise.ts';
import { remove } from './remove.ts';
import { restart } from './restart.ts';
import { start } from './start.ts';
import { stop } from './stop.ts';
import { EngineBench } from './testing.ts';

let bench: EngineBench;
beforeEach(() => {
  bench = new EngineBench();
});
afterEach(() => bench[Symbol.dispose]());

const FORCE = { force: true, volumes: false, link: false };
const exits = (container: Container, exitCode = 137) =>
  handleExit(bench.context, {
    id: container.id,
    startNumber: container.record.minke.startNumber,
    exitCode,
    oomKilled: false,
    at: Date.now(),
  });
/** SIGKILL and SIGTERM end it. */
const mortal = (container: Container) => {
  bench.steps['runtime.signal'] = async () => {
    setTimeout(() => void exits(container), 1);
  };
};
const failure = (promise: Promise<unknown>) => promise.then(() => undefined).catch((error: unknown) => error);

describe('rm -f', () => {
  test('goes through while the OCI runtime hangs in a create', async () => {
    const container = bench.add();
    bench.steps['runtime.create'] = () => new Promise(() => {});
    const started = failure(start(bench.context, container));
    await Bun.sleep(5);
    await remove(bench.context, container, FORCE);
    expect(await started).toMatchObject({
      code: 'conflict',
      message: 'container is marked for removal and cannot be started',
    });
    expect(bench.context.directory.all()).toEqual([]);
  });

  test.each(['layers.mount', 'net.setUp', 'logs.register'])('ends a start that is at %s', async (step) => {
    const container = bench.add();
    const slow = Promise.withResolvers<void>();
    bench.steps[step] = () => slow.promise;
    const started = failure(start(bench.context, container));
    await Bun.sleep(5);
    const removed = remove(bench.context, container, FORCE);
    await Bun.sleep(5);
    slow.resolve();
    await removed;
    expect(await started).toMatchObject({ code: 'conflict' });
    expect(bench.done).not.toContain('runtime.start');
    expect(bench.context.directory.all()).toEqual([]);
  });

  test('kills what a start let run a moment before', async () => {
    const container = bench.add();
    mortal(container);
    const slow = Promise.withResolvers<void>();
    bench.steps['runtime.start'] = () => slow.promise;
    const started = start(bench.context, container);
    await Bun.sleep(5);
    const removed = remove(bench.context, container, FORCE);
    await Bun.sleep(5);
    slow.resolve();
    await started;
    await removed;
    expect(bench.context.directory.all()).toEqual([]);
  });

  test('of one that waits for its restart takes it at once', async () => {
    const container = bench.add((record) => {
      record.state.status = 'restarting';
    });
    await remove(bench.context, container, FORCE);
    expect(bench.context.directory.all()).toEqual([]);
  });

  test('in the middle of a stop is not forgotten by it', async () => {
    const container = bench.add();
    await start(bench.context, container);
    const stopped = stop(bench.context, container, { timeoutSeconds: 600 });
    const removed = remove(bench.context, container, FORCE);
    const again = stop(bench.context, container, { timeoutSeconds: 600 });
    expect(container.intent).toBe('remove');
    await exits(container);
    await Promise.all([stopped, removed, again]);
    expect(bench.context.directory.all()).toEqual([]);
  });
});

describe('rm', () => {
  test('of one that is just starting does not end the start', async () => {
    const container = bench.add();
    const slow = Promise.withResolvers<void>();
    bench.steps['net.setUp'] = () => slow.promise;
    const started = start(bench.context, container);
    await Bun.sleep(5);
    const removed = failure(remove(bench.context, container, { ...FORCE, force: false }));
    slow.resolve();
    await started;
    expect(await removed).toMatchObject({ code: 'conflict' });
    expect(container.status).toBe('running');
  });
});

describe('a removal that fails', () => {
  test('leaves the container dead, which is for nothing but to be removed again', async () => {
    const container = bench.add();
    bench.steps['layers.removeMount'] = () => Promise.reject(new Error('device or resource busy'));
    const waiting = container.waiters.add('removed', new AbortController().signal);
    expect(await failure(remove(bench.context, container, FORCE))).toMatchObject({
      code: 'internal',
      message: `container ${container.id}: device or resource busy`,
    });
    expect(container.status).toBe('dead');
    expect(await waiting).toMatchObject({ error: 'device or resource busy' });
    expect(await failure(start(bench.context, container))).toMatchObject({ code: 'conflict' });
    delete bench.steps['layers.removeMount'];
    await remove(bench.context, container, { ...FORCE, force: false });
    expect(bench.context.directory.all()).toEqual([]);
  });
});

describe('a container that ended and whose kernel objects will not go', () => {
  async function stuck() {
    const container = bench.add();
    const going = Promise.withResolvers<void>();
    await start(bench.context, container);
    bench.steps['runtime.delete'] = () => going.promise;
    return { container, going };
  }

  test('lets kill and stop end, and is removed', async () => {
    const { container, going } = await stuck();
    mortal(container);
    const stopped = stop(bench.context, container, { timeoutSeconds: 600 });
    await kill(bench.context, container, undefined);
    await stopped;
    expect(bench.events).toContain('die');
    await remove(bench.context, container, FORCE);
    expect(bench.events.slice(-2)).toEqual(['stop', 'destroy']);
    expect(bench.context.directory.all()).toEqual([]);
    going.resolve();
  });

  test('tells its end before its removal', async () => {
    const { container, going } = await stuck();
    const ended = exits(container);
    await Bun.sleep(1);
    expect(container.status).toBe('exited');
    await remove(bench.context, container, { ...FORCE, force: false });
    expect(bench.events.filter((action) => /^d(ie|estroy)$/.test(action))).toEqual(['die', 'destroy']);
    going.resolve();
    await ended;
  });

  test('is started once they are gone, and not before', async () => {
    const { container, going } = await stuck();
    const ended = exits(container);
    await Bun.sleep(1);
    const again = start(bench.context, container);
    await Bun.sleep(20);
    expect(bench.created).toHaveLength(1);
    going.resolve();
    await again;
    await ended;
    expect(container.status).toBe('running');
    expect(container.record.minke.startNumber).toBe(2);
  });

  test('is not removed by --rm while somebody starts it', async () => {
    const container = bench.add((record) => {
      record.hostConfig.AutoRemove = true;
    });
    const going = Promise.withResolvers<void>();
    await start(bench.context, container);
    bench.steps['runtime.delete'] = () => going.promise;
    const ended = exits(container, 0);
    await Bun.sleep(1);
    const again = failure(start(bench.context, container));
    going.resolve();
    await ended;
    expect(await again).toMatchObject({ code: 'conflict' });
    expect(bench.context.directory.all()).toEqual([]);
  });
});

describe('an exit', () => {
  test('of a program that ends before its start is on record counts', async () => {
    const container = bench.add();
    let ended: Promise<void> | undefined;
    bench.steps['runtime.start'] = async () => {
      ended = exits(container, 5);
      await Bun.sleep(5);
    };
    await start(bench.context, container);
    await ended;
    expect(container.status).toBe('exited');
    expect(container.record.state.exitCode).toBe(5);
  });

  test('holds no lock while the log is drained', async () => {
    const container = bench.add();
    await start(bench.context, container);
    const slow = Promise.withResolvers<void>();
    bench.steps['logs.drain'] = () => slow.promise;
    const ended = exits(container, 5);
    await Bun.sleep(1);
    using _lock = await bench.context.locks.acquire(container.id);
    slow.resolve();
    _lock[Symbol.dispose]();
    await ended;
    expect(container.status).toBe('exited');
  });

  test('is on record though the output could not be drained', async () => {
    const container = bench.add();
    await start(bench.context, container);
    bench.steps['logs.drain'] = () => Promise.reject(new Error('no pump'));
    await exits(container, 3);
    expect(container.status).toBe('exited');
    expect(container.record.state.exitCode).toBe(3);
    expect(bench.events).toContain('die');
  });

  test('is left to the next daemon while this one shuts down', async () => {
    const container = bench.add();
    await start(bench.context, container);
    bench.steps['logs.drain'] = () => Promise.reject(new EngineError('cancelled', 'shutting down'));
    expect(exits(container, 3)).rejects.toThrow('shutting down');
    await Bun.sleep(1);
    expect(bench.done).not.toContain('runtime.delete');
  });

  test('is told though it cannot be written', async () => {
    const container = bench.add();
    await start(bench.context, container);
    const waiting = container.waiters.add('not-running', new AbortController().signal);
    bench.context.records.remove(container.id);
    await exits(container, 3);
    expect(await waiting).toEqual({ statusCode: 3 });
    expect(bench.done).toContain('net.tearDown');
  });
});

describe('stop', () => {
  test('is on record before the signal', async () => {
    const container = bench.add();
    await start(bench.context, container);
    void stop(bench.context, container, { timeoutSeconds: 600 });
    bench.forget();
    expect(bench.records.load()[0]?.hasBeenManuallyStopped).toBe(true);
    await exits(container);
  });

  test('by SIGKILL too', async () => {
    const container = bench.add();
    await start(bench.context, container);
    void kill(bench.context, container, undefined);
    expect(bench.records.load()[0]?.hasBeenManuallyStopped).toBe(true);
    await exits(container);
  });

  test('by the daemon’s own end is not', async () => {
    const container = bench.add();
    mortal(container);
    await start(bench.context, container);
    await stop(bench.context, container, { timeoutSeconds: 600, byHand: false });
    expect(bench.records.load()[0]?.hasBeenManuallyStopped).toBe(false);
    expect(container.status).toBe('exited');
  });
});

describe('kill of one that its policy is just starting', () => {
  test('is the end of it', async () => {
    const container = bench.add((record) => {
      record.hostConfig.RestartPolicy = { Name: 'always', MaximumRetryCount: 0 };
    });
    await start(bench.context, container);
    const slow = Promise.withResolvers<void>();
    bench.steps['net.setUp'] = () => slow.promise;
    await exits(container, 1);
    expect(container.status).toBe('restarting');
    while (bench.done.filter((step) => step === 'net.setUp').length < 2) await Bun.sleep(5);
    mortal(container);
    const killed = kill(bench.context, container, undefined);
    slow.resolve();
    await killed;
    expect(container.status).toBe('exited');
    expect(container.record.state.exitCode).toBe(137);
  });
});

describe('restart', () => {
  test('of a --rm container, twice at once, leaves it one', async () => {
    const container = bench.add((record) => {
      record.hostConfig.AutoRemove = true;
    });
    mortal(container);
    await start(bench.context, container);
    await Promise.all([restart(bench.context, container, {}), restart(bench.context, container, {})]);
    expect(container.status).toBe('running');
    expect(container.record.hostConfig.AutoRemove).toBe(true);
    await exits(container, 0);
    expect(bench.context.directory.all()).toEqual([]);
  });
});

describe('attach', () => {
  test('of an earlier life does not end the input of the next', async () => {
    const ended: number[] = [];
    const container = bench.add((record) => {
      Object.assign(record.config, { OpenStdin: true, StdinOnce: true });
    });
    const writer = (life: number) => ({
      write: async () => {},
      end: async () => void ended.push(life),
      release: () => {},
    });
    const options = { stream: true, stdin: true, stdout: false, stderr: false, logs: false };
    const session = await attach(bench.context, container, options);
    await start(bench.context, container);
    await exits(container);
    await start(bench.context, container);
    container.stdin = writer(2);
    session.close();
    expect(ended).toEqual([]);
  });
});
