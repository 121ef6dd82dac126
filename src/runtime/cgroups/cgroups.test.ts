import { describe, expect, test } from 'bun:test';
import { detectCgroups } from './host.ts';
import { cgroupDirectories, cgroupsPathFor } from './paths.ts';
import { cgroupSupport } from './support.ts';

describe('cgroupDirectories', () => {
  const v2 = { ...detectCgroups(), version: 2 as const, hierarchies: new Map([['', '/c']]) };

  test('follows the driver', () => {
    expect(cgroupDirectories(cgroupsPathFor('id', '', 'cgroupfs'), v2)).toEqual(['/c/minke/id']);
    expect(cgroupDirectories(cgroupsPathFor('id', '', 'systemd'), v2)).toEqual([
      '/c/system.slice/minke-id.scope',
    ]);
    expect(cgroupDirectories(cgroupsPathFor('id', 'a-b.slice', 'systemd'), v2)).toEqual([
      '/c/a.slice/a-b.slice/minke-id.scope',
    ]);
  });

  test('does not leave the hierarchy', () => {
    expect(cgroupDirectories('/../../etc', v2)).toEqual(['/c/etc']);
  });
});

describe('cgroupSupport', () => {
  test('of a v2 host without the io controller warns about it only', () => {
    const controllers = new Set(['memory', 'cpu', 'cpuset', 'pids']);
    const support = cgroupSupport({
      ...detectCgroups(),
      version: 2,
      controllers,
      hierarchies: new Map([['', '/c']]),
    });
    expect(support).toMatchObject({
      MemoryLimit: true,
      SwapLimit: true,
      OomKillDisable: false,
      PidsLimit: true,
    });
    expect(support.warnings).toEqual(
      ['rbps', 'wbps', 'riops', 'wiops'].map((n) => `WARNING: No io.max (${n}) support`),
    );
  });
});
