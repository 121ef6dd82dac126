import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../base/mod.ts';
import { VolumeRecords } from '../../store/mod.ts';
import { EngineVolumes } from './engine-volumes.ts';

let root: string;
let users: Record<string, string[]>;
/** Calls of the threads, in order; one whose name is in `hanging` waits for it. */
let calls: string[];
let hanging: Record<string, Promise<unknown>>;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'minke-volumes-'));
  users = {};
  calls = [];
  hanging = {};
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** As a start of the daemon. */
function open(): EngineVolumes {
  const call = async (name: string) => {
    calls.push(name);
    await hanging[name];
    return name === 'usage' ? 0 : null;
  };
  return new EngineVolumes({
    records: new VolumeRecords(root, silentLogger),
    threads: { call: call as never },
    users: { usersOf: (name) => users[name] ?? [] },
    events: { publish: () => {} },
    execRoot: join(root, 'exec'),
    log: silentLogger,
  });
}

const wanted = (name: string | undefined, user?: string) => ({
  ...{ name, driver: '', labels: null, options: null },
  ...(user !== undefined && { user }),
});
const TMPFS = { type: 'tmpfs', device: 'tmpfs' };
const notes = () => readdirSync(join(root, 'exec/volume-mounts'));

test('removeMadeFor takes what was made for that container, has no name and is not used', async () => {
  const make = open();
  const { record: gone } = await make.ensure(wanted(undefined, 'a'));
  const { record: used } = await make.ensure(wanted(undefined, 'a'));
  const { record: others } = await make.ensure(wanted(undefined, 'b'));
  const { record: named } = await make.ensure(wanted('named', 'a'));
  users[used.name] = ['b'];
  await open().removeMadeFor('a');
  const left = open();
  expect(left.get(gone.name)).toBeUndefined();
  for (const { name } of [used, others, named]) expect(left.get(name)).toBeDefined();
});

test('a volume is held for a container that is being made, and no longer', async () => {
  const volumes = open();
  await volumes.ensure(wanted('data', 'making'));
  await expect(volumes.remove('data', true)).rejects.toThrow('remove data: volume is in use - [making]');
  expect((await volumes.prune(new Map([['all', new Set(['true'])]]))).deleted).toEqual([]);
  volumes.letGo('making');
  await volumes.remove('data', false);
  expect(volumes.get('data')).toBeUndefined();
});

describe('mounts', () => {
  async function special(volumes: EngineVolumes, name = 'special'): Promise<void> {
    await volumes.create({ name, driver: '', labels: null, options: TMPFS });
  }

  test('are made for the first and taken down with the last; a plain volume needs none', async () => {
    const volumes = open();
    await special(volumes);
    await volumes.ensure(wanted('plain'));
    await volumes.mount('plain', 'a');
    expect(calls).toEqual([]);
    await volumes.mount('special', 'a');
    await volumes.mount('special', 'a');
    await volumes.mount('special', 'b');
    expect([calls, notes().sort()]).toEqual([['mount'], ['a', 'b']]);
    await expect(volumes.remove('special', false)).rejects.toThrow('volume has active mounts');
    await volumes.release('a');
    await volumes.release('a');
    expect(calls).toEqual(['mount']);
    await volumes.release('b');
    expect([calls, notes()]).toEqual([['mount', 'unmount'], []]);
  });

  test('are counted by the next daemon: of those who live they stay, of others they go', async () => {
    const before = open();
    await special(before, 'shared');
    await special(before, 'lonely');
    for (const who of ['living', 'dead']) await before.mount('shared', who);
    await before.mount('lonely', 'dead');
    calls.length = 0;
    const after = open();
    after.restore((who) => who === 'living');
    await after.release('dead');
    expect([calls, notes()]).toEqual([['unmount'], ['living']]);
    await after.release('living');
    expect(calls).toEqual(['unmount', 'unmount']);
  });

  test('that hang are not waited for by who gives up, and are undone when they come', async () => {
    const volumes = open();
    await special(volumes);
    const server = Promise.withResolvers<void>();
    hanging['mount'] = server.promise;
    const giveUp = new AbortController();
    const mounting = volumes.mount('special', 'a', { signal: giveUp.signal });
    await Bun.sleep(1);
    giveUp.abort(new Error('removed'));
    await expect(mounting).rejects.toThrow('removed');
    await volumes.release('a');
    expect(calls).toEqual(['mount']);
    server.resolve();
    // Who comes next waits for the end of that.
    await volumes.mount('special', 'b');
    expect(calls).toEqual(['mount', 'unmount', 'mount']);
    expect(notes()).toEqual(['b']);
  });
});
