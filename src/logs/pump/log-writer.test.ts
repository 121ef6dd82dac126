import { afterEach, describe, expect, test } from 'bun:test';
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { bytesWaiting } from '../../sys/mod.ts';
import { FakeContainer } from '../testing/container.ts';
import { writeNote } from './note.ts';
import type { FromPump } from './protocol.ts';
import { Source } from './source.ts';
import { Workbench } from './workbench.ts';

/** The state that a SIGKILL leaves at each step of a batch, made by hand. */
describe('recovery', () => {
  const bench = new Workbench((_: FromPump) => {});
  const open: Disposable[] = [];
  afterEach(() => {
    for (const one of open.splice(0).reverse()) one[Symbol.dispose]();
  });

  const BEFORE = '{"log":"before\\n","stream":"stdout","time":"2026-01-01T00:00:00.1Z"}\n';
  const record = (text: string) =>
    `{"log":"${text}\\n","stream":"stderr","time":"2026-01-01T00:00:00.123456789Z"}\n`;
  const BATCH = `${record('a')}${record('a')}`;

  /** The log after recovery, times left out. */
  function recovered(log: string, state: { staged: string; written?: boolean; note?: boolean }): string[] {
    const container = new FakeContainer();
    open.push(container);
    const { path } = container.target;
    writeFileSync(path, log);
    if (state.note !== false) {
      writeFileSync(container.source.notePath, '');
      const fd = openSync(container.source.notePath, 'r+');
      writeNote(fd, { stream: 'stderr', logSize: BEFORE.length, written: state.written ?? false });
      closeSync(fd);
    }
    const staging = openSync(container.stdio.staging, 'r+');
    if (state.staged) writeSync(staging, state.staged);
    const { stdio, id } = container;
    const limits = { maxSize: Infinity, maxFiles: 1, compress: false, hold: Infinity };
    const driver = { kind: 'file', format: 'json-file', ...limits } as const;
    const spec = { key: 1, id, path, stdio, notePath: container.source.notePath, driver };
    using _source = new Source(bench, spec, 0);
    expect(bytesWaiting(staging)).toBe(0);
    closeSync(staging);
    return readFileSync(path, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => {
        const { log: text, stream } = JSON.parse(line) as { log: string; stream: string };
        return `${stream}:${text}`;
      });
  }

  const DONE = ['stdout:before\n', 'stderr:a\n', 'stderr:a\n'];

  test('an empty staging FIFO leaves the log alone', () => {
    expect(recovered(BEFORE, { staged: '' })).toEqual(['stdout:before\n']);
    expect(recovered(BEFORE + BATCH, { staged: '' })).toEqual(DONE);
  });

  test('a batch that is not in the log is appended', () => {
    expect(recovered(BEFORE, { staged: 'a\na\n' })).toEqual(DONE);
  });

  test('a batch of which a part is in the log is cut back, at every byte', () => {
    for (let part = 1; part < BATCH.length; part += 7) {
      expect(recovered(BEFORE + BATCH.slice(0, part), { staged: 'a\na\n' })).toEqual(DONE);
    }
  });

  test('a batch that is in the log stays as it is', () => {
    expect(recovered(BEFORE + BATCH, { staged: 'a\na\n' })).toEqual(DONE);
  });

  test('what is left of a batch noted as written is thrown away', () => {
    expect(recovered(BEFORE + BATCH, { staged: 'a\n', written: true })).toEqual(DONE);
  });

  test('a log that somebody cut, or a lost note, is appended to', () => {
    expect(recovered('', { staged: 'a\na\n' })).toEqual(['stderr:a\n', 'stderr:a\n']);
    expect(recovered(BEFORE, { staged: 'a\n', note: false })).toEqual(['stdout:before\n', 'stdout:a\n']);
  });

  test('an unfinished last line is a record without newline', () => {
    expect(recovered(BEFORE, { staged: 'a\nhalf' })).toEqual([
      'stdout:before\n',
      'stderr:a\n',
      'stderr:half',
    ]);
  });
});
