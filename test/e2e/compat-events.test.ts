import { describe, expect, test } from 'bun:test';
import { engine } from '../fixtures/engine.ts';
import { uniqueName } from '../fixtures/names.ts';

interface Event {
  Type: string;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
}

/** Events of what `work` does, as `type action`. */
async function eventsOf(work: () => Promise<unknown>): Promise<Event[]> {
  const { daemon } = await engine();
  const since = Date.now() / 1000;
  await work();
  await Bun.sleep(300);
  const range = `since=${since.toFixed(3)}&until=${(Date.now() / 1000).toFixed(3)}`;
  const { text } = await daemon.api.get(`/v1.41/events?${range}`);
  return text
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Event);
}

const short = ({ Type, Action }: Event) => `${Type} ${Action}`;

describe('events', () => {
  test('of a whole life come in the order of Docker 20.10', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName('events');
    const life = await eventsOf(() =>
      docker.ok(['run', '--rm', '--name', name, '-v', '/anon', busybox, 'true']),
    );
    expect(life.map(short)).toEqual([
      ...['volume create', 'container create', 'container attach', 'network connect', 'volume mount'],
      ...['container start', 'container die', 'network disconnect', 'volume unmount', 'volume destroy'],
      'container destroy',
    ]);
    const id = life.find(({ Action }) => Action === 'start')?.Actor.ID ?? '';
    const attributes = (action: string) => life.find(({ Action }) => Action === action)?.Actor.Attributes;
    expect(attributes('connect')).toEqual({ container: id, name: 'bridge', type: 'bridge' });
    expect(attributes('mount')).toEqual({
      ...{ container: id, destination: '/anon', driver: 'local', propagation: '', 'read/write': 'true' },
    });
    expect(attributes('unmount')).toEqual({ container: id, driver: 'local' });
  });

  test('of a program that is not there tell of no start', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName('events');
    const failed = await eventsOf(() => docker.run(['run', '--name', name, busybox, 'no-such-program']));
    await docker.ok(['rm', name]);
    expect(failed.map(short)).toEqual([
      ...['container create', 'container attach', 'network connect', 'network disconnect'],
    ]);
  });

  test('of a stop have the signal before the end', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName('events');
    await docker.ok(['run', '-d', '--name', name, busybox, 'sleep', '100']);
    const stop = await eventsOf(() => docker.ok(['stop', '-t', '0', name]));
    await docker.ok(['rm', name]);
    expect(stop.map(short)).toEqual([
      ...['container kill', 'container kill', 'container die', 'network disconnect', 'container stop'],
    ]);
  });
});
