import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerRecord } from '../../../store/mod.ts';
import type { Container } from '../container.ts';
import { start } from '../start.ts';
import { EngineBench } from '../testing.ts';
import { intendCreate } from './create-intent.ts';
import { intendRemove } from './remove-intent.ts';
import { restoreContainers, startByPolicy } from './restore.ts';
import { handleExit } from './supervise.ts';

let bench: EngineBench;
beforeEach(() => {
  bench = new EngineBench();
});
afterEach(() => bench[Symbol.dispose]());

const lived = (record: ContainerRecord) => {
  record.minke.startNumber = 1;
  record.hasBeenStartedBefore = true;
  record.state.startedAt = '2026-01-02T00:00:00Z';
  record.state.finishedAt = '2026-01-02T00:00:01Z';
};
const exitOf = ({ id }: Container, startNumber = 1, exitCode = 3) => ({
  id,
  startNumber,
  exitCode,
  oomKilled: false,
  at: 1_800_000_000_000,
});
const heldOf = ({ id }: Container, startNumber = 1) => ({
  id,
  startNumber,
  pid: 4711,
  started: true,
  tty: false,
});

describe('a daemon that was killed between the record of an exit and its clearing away', () => {
  test('leaves the container as it is on record, though its policy would start it', async () => {
    const container = bench.add((record) => {
      lived(record);
      record.state.status = 'exited';
      record.state.exitCode = 3;
      record.hasBeenManuallyStopped = true;
      record.hostConfig.RestartPolicy.Name = 'unless-stopped';
    });
    const exit = exitOf(container);
    bench.held = [{ ...heldOf(container), exit }];
    bench.forget();
    await restoreContainers(bench.context);
    await handleExit(bench.context, exit);
    await startByPolicy(bench.context);
    expect(bench.only.status).toBe('exited');
    expect(bench.only.record.state.exitCode).toBe(3);
    expect(bench.only.record.hasBeenManuallyStopped).toBe(true);
    expect(bench.done).toContain('runtime.delete');
    expect(bench.events).toEqual(['die']);
  });

  test.each(['always', 'on-failure'])('starts it again where it was to be, by %s', async (policy) => {
    const container = bench.add((record) => {
      lived(record);
      record.state.status = 'restarting';
      record.state.exitCode = 3;
      record.hostConfig.RestartPolicy.Name = policy;
    });
    const exit = exitOf(container);
    bench.held = [{ ...heldOf(container), exit }];
    bench.forget();
    await restoreContainers(bench.context);
    await handleExit(bench.context, exit);
    expect(bench.only.record.state.exitCode).toBe(3);
    await startByPolicy(bench.context);
    expect(bench.only.status).toBe('running');
    expect(bench.created).toMatchObject([{ startNumber: 2 }]);
  });

  test('goes on with a restart by policy that the keeper carried out', async () => {
    const container = bench.add((record) => {
      lived(record);
      record.minke.startNumber = 2;
      record.minke.starting = true;
      record.state.status = 'restarting';
      record.hostConfig.RestartPolicy.Name = 'always';
    });
    bench.held = [heldOf(container, 2)];
    bench.forget();
    await restoreContainers(bench.context);
    expect(bench.only.status).toBe('running');
    expect(bench.done).not.toContain('runtime.delete');
  });
});

describe('a daemon that was killed before it told', () => {
  test.each([true, false])('an end: the next one tells it once (told: %p)', async (told) => {
    const container = bench.add((record) => {
      lived(record);
      record.state.status = 'exited';
    });
    // The kernel objects are gone; the exit waits for its acknowledgement.
    bench.held = [{ ...heldOf(container), pid: 0, exit: exitOf(container) }];
    if (told) bench.journal.push('die');
    bench.forget();
    await restoreContainers(bench.context);
    expect(bench.events).toEqual(told ? [] : ['die']);
    expect(bench.done).toContain('runtime.acknowledgeExit');
  });

  test('keeps an exit until its end was told', async () => {
    const container = bench.add((record) => {
      lived(record);
      record.state.status = 'running';
    });
    const order: string[] = [];
    bench.steps['runtime.acknowledgeExit'] = async () => void order.push(...bench.events);
    await handleExit(bench.context, exitOf(container));
    expect(order).toContain('die');
  });

  test.each([true, false])('a create: the next one tells it once (told: %p)', async (told) => {
    const container = bench.add();
    intendCreate(bench.context, container.id);
    if (told) bench.journal.push('create');
    bench.forget();
    await restoreContainers(bench.context);
    await restoreContainers(bench.context);
    expect(bench.events).toEqual(told ? [] : ['create']);
  });

  test.each([true, false])('a removal: the next one tells it once (told: %p)', async (told) => {
    const container = bench.add();
    intendRemove(bench.context, container);
    bench.records.remove(container.id);
    if (told) bench.journal.push('destroy');
    bench.forget();
    await restoreContainers(bench.context);
    await restoreContainers(bench.context);
    expect(bench.events).toEqual(told ? [] : ['destroy']);
  });

  test('a removal that it had only begun is no removal', async () => {
    intendRemove(bench.context, bench.add());
    bench.forget();
    await restoreContainers(bench.context);
    expect(bench.events).toEqual([]);
    expect(bench.context.directory.all()).toHaveLength(1);
  });
});

describe('a restore', () => {
  test('does not take the exit of an earlier life for that of one that runs', async () => {
    const container = bench.add((record) => {
      lived(record);
      record.minke.startNumber = 2;
      record.state.status = 'running';
    });
    bench.held = [heldOf(container, 2), { ...heldOf(container, 1), pid: 0, exit: exitOf(container, 1) }];
    bench.forget();
    await restoreContainers(bench.context);
    expect(bench.only.status).toBe('running');
    expect(bench.done).not.toContain('runtime.delete');
  });

  test('is not held up by what does not end, and a start of it waits', async () => {
    const ended = bench.add((record) => {
      lived(record);
      record.state.status = 'exited';
    });
    const going = bench.add((record) => {
      record.state.status = 'removing';
    });
    const stray = 'f'.repeat(64) as never;
    bench.held = [{ ...heldOf(ended), id: stray }];
    bench.forget();
    const hanging = Promise.withResolvers<void>();
    bench.steps['runtime.delete'] = async () => await hanging.promise;
    await restoreContainers(bench.context);
    const [first] = bench.context.directory.all().filter(({ id }) => id === ended.id) as [Container];
    expect(bench.context.directory.get(going.id)?.status).toBe('removing');
    const started = start(bench.context, first);
    await Bun.sleep(20);
    expect(first.status).toBe('exited');
    hanging.resolve();
    await started;
    expect(first.status).toBe('running');
    expect(bench.only).toBe(first);
  });

  test('goes on though something that belongs to nobody cannot be removed', async () => {
    bench.held = [{ ...heldOf(bench.add()), id: 'f'.repeat(64) as never }];
    bench.steps['runtime.delete'] = async (id) => {
      if (id.startsWith('ffff')) throw new Error('in use');
    };
    bench.forget();
    await restoreContainers(bench.context);
    expect(bench.only.status).toBe('created');
  });

  test('writes no record of a container that runs as it says', async () => {
    const runs = (record: ContainerRecord) => {
      lived(record);
      record.state.status = 'running';
      record.state.pid = 4711;
    };
    const same = bench.add(runs);
    const other = bench.add((record) => {
      runs(record);
      record.state.pid = 4700;
    });
    bench.held = [heldOf(same), heldOf(other)];
    const written = () =>
      [same, other].map(({ id }) => statSync(join(bench.records.directory(id), 'config.v2.json')).ino);
    const before = written();
    bench.forget();
    await restoreContainers(bench.context);
    const after = written();
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
  });

  test('opens the input of a terminal again, also with StdinOnce', async () => {
    const container = bench.add((record) => {
      lived(record);
      record.state.status = 'running';
      Object.assign(record.config, { Tty: true, OpenStdin: true, StdinOnce: true });
    });
    bench.held = [{ ...heldOf(container), tty: true }];
    bench.forget();
    await restoreContainers(bench.context);
    expect(bench.only.stdin).toBeDefined();
  });

  test('goes on with a container that has closed its input', async () => {
    const container = bench.add((record) => {
      lived(record);
      record.minke.starting = true;
      Object.assign(record.config, { OpenStdin: true });
    });
    bench.held = [heldOf(container)];
    bench.steps['runtime.openStdin'] = async () => {
      throw new Error('no standard input');
    };
    bench.forget();
    await restoreContainers(bench.context);
    bench.forget();
    await restoreContainers(bench.context);
    expect(bench.only.status).toBe('running');
  });

  test.each([
    ['running', true, 'paused'],
    ['paused', false, 'running'],
  ] as const)('sees that one on record as %s is frozen: %p', async (status, paused, now) => {
    const container = bench.add((record) => {
      lived(record);
      record.state.status = status;
    });
    bench.held = [{ ...heldOf(container), paused }];
    bench.forget();
    await restoreContainers(bench.context);
    expect(bench.only.status).toBe(now);
  });

  test('ends a removal together with the volumes that it was to take', async () => {
    bench.add((record) => {
      record.state.status = 'removing';
      record.minke.removeVolumes = true;
      record.mountPoints['/v'] = {
        Source: '/v',
        Destination: '/v',
        RW: true,
        Name: 'anonymous',
        Driver: 'local',
        Type: 'volume',
      };
    });
    bench.forget();
    await restoreContainers(bench.context);
    expect(bench.context.directory.all()).toEqual([]);
    expect(bench.removedVolumes).toEqual(['anonymous']);
  });

  test('takes the volumes of a create that was cut off, and of no other', async () => {
    const container = bench.add();
    const cutOff = 'c'.repeat(64);
    // What a SIGKILL leaves: nobody disposes of it.
    intendCreate(bench.context, cutOff);
    intendCreate(bench.context, container.id);
    bench.forget();
    await restoreContainers(bench.context);
    await restoreContainers(bench.context);
    expect(bench.removedVolumes).toEqual([`of ${cutOff}`]);
  });

  test('is not held up by a container that hangs in its start', async () => {
    const always = (record: ContainerRecord) => {
      lived(record);
      record.state.status = 'exited';
      record.hostConfig.RestartPolicy.Name = 'always';
    };
    const hanging = bench.add(always);
    const other = bench.add(always);
    const ended = Promise.withResolvers<void>();
    bench.steps['runtime.create'] = async (id) => {
      if (id === hanging.id) await ended.promise;
    };
    const started = startByPolicy(bench.context);
    await Bun.sleep(20);
    expect(other.status).toBe('running');
    ended.resolve();
    await started;
  });
});
