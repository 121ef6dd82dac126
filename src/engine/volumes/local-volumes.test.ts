import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../base/mod.ts';
import { VolumeRecords } from '../../store/mod.ts';
import { LocalVolumes } from './local-volumes.ts';

test('removeMadeFor takes what was made for that container, has no name and is not used', async () => {
  const root = mkdtempSync(join(tmpdir(), 'minke-volumes-'));
  try {
    const users: Record<string, string[]> = {};
    const events = { happened: () => false, publish: () => {}, subscribe: async function* () {} };
    const open = () =>
      new LocalVolumes(
        new VolumeRecords(root, silentLogger),
        { usersOf: (name) => users[name] ?? [] },
        events,
        async () => 0,
      );
    const make = open();
    const gone = make.ensure(undefined, 'local', {}, {}, 'a');
    const used = make.ensure(undefined, 'local', {}, {}, 'a');
    const others = make.ensure(undefined, 'local', {}, {}, 'b');
    const named = make.ensure('named', 'local', {}, {}, 'a');
    users[used.name] = ['b'];
    await open().removeMadeFor('a');
    const left = open();
    expect(left.get(gone.name)).toBeUndefined();
    for (const { name } of [used, others, named]) expect(left.get(name)).toBeDefined();
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
