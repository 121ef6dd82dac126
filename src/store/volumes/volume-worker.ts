import { closeSync, openSync, readdirSync } from 'node:fs';
import { copyTree, diskUsage, mountRestrictions, O_DIRECTORY, serveCalls } from '../../sys/mod.ts';
import { openSubtree } from '../prepared/open-subtree.ts';
import { mountVolume, unmountVolume } from './mount-volume.ts';
import type { VolumeCalls } from './volume-calls.ts';

/** A thread of `VolumeThreads`. */
serveCalls<VolumeCalls>({
  mount: ({ target, calls }) => {
    mountVolume(target, calls);
    return null;
  },
  unmount: ({ target }) => {
    unmountVolume(target);
    return null;
  },
  copyUp: ({ from, volume }) => {
    const to = openSync(volume, O_DIRECTORY);
    try {
      if (readdirSync(`/proc/self/fd/${to}`).length === 0) copyTree(from, to);
    } finally {
      closeSync(to);
    }
    return null;
  },
  usage: ({ path }) => diskUsage(path),
  restrictions: ({ path }) => mountRestrictions(path),
  subtree: ({ root, subpath }) => openSubtree(root, subpath),
});
