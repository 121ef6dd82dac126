import { expect, test } from 'bun:test';
import type { Container } from '../container.ts';
import { Exec, type ExecSettings } from './exec.ts';
import { ExecDirectory } from './exec-directory.ts';

test('of many that have ended, those that ended longest ago go', () => {
  const directory = new ExecDirectory();
  const container = { id: 'c' } as Container;
  const stale: string[] = [];
  for (let n = 0; n < 1_010; n++) {
    const exec = new Exec(`e${n}`, container, {} as ExecSettings);
    directory.add(exec);
    exec.markEnded(0);
    for (const old of directory.noteEnd(exec)) {
      stale.push(old.id);
      directory.remove(old);
    }
  }
  expect(stale).toEqual(Array.from({ length: 10 }, (_, n) => `e${n}`));
  expect(directory.of('c')).toHaveLength(1_000);
  expect(directory.idsOf('c')).toEqual([]);
});
