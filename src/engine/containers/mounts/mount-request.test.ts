import { describe, expect, test } from 'bun:test';
import type { MountRequest } from '../../../spec/docker/mod.ts';
import { checkMount } from './mount-request.ts';

/** Sentences as dockerd 20.10 answered them. */
const WRONG: [Partial<MountRequest>, string][] = [
  [{}, 'field Target must not be empty'],
  [{ Target: '/' }, "invalid specification: destination can't be '/'"],
  [{ Target: 'x' }, "invalid mount path: 'x' mount path must be absolute"],
  [{ Target: '/x' }, 'field Source must not be empty'],
  [{ Target: '/x', Source: 'a' }, "invalid mount path: 'a' mount path must be absolute"],
  [{ Target: '/x', Source: '/nope' }, 'bind source path does not exist: /nope'],
  [{ Target: '/x', Source: '/', BindOptions: { Propagation: 'odd' } }, 'invalid propagation mode: odd'],
  [{ Target: '/x', Source: '/', VolumeOptions: {} }, 'field VolumeOptions must not be specified'],
  [{ Type: 'volume', Target: '/x', BindOptions: {} }, 'field BindOptions must not be specified'],
  [
    { Type: 'volume', Target: '/x', ReadOnly: true },
    'must not set ReadOnly mode when using anonymous volumes',
  ],
  [{ Type: 'tmpfs', Target: '/x', Source: 'a' }, 'field Source must not be specified'],
  [{ Type: 'npipe', Target: '/x' }, 'mount type unknown'],
];

describe('checkMount', () => {
  for (const [part, sentence] of WRONG) {
    test(`says "${sentence}" when ${JSON.stringify(part)} is asked for`, () => {
      const mount = { Type: 'bind', Target: '', ...part } as MountRequest;
      expect(() => checkMount(mount)).toThrow(`invalid mount config for type "${mount.Type}": ${sentence}`);
    });
  }

  test('takes what is right', () => {
    checkMount({ Type: 'bind', Source: '/', Target: '/x' });
    checkMount({ Type: 'volume', Target: '/x' });
    checkMount({ Type: 'tmpfs', Target: '/x', TmpfsOptions: { SizeBytes: 1, Options: [['exec']] } });
  });
});
