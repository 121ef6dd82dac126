import { closeSync, openSync } from 'node:fs';
import { diskUsage, must, openRoot, serveCalls, syncFilesystem } from '../../sys/mod.ts';
import { lookUpUser } from '../rootfs/look-up-user.ts';
import type { DiskCalls } from './disk-protocol.ts';
import { joinLayer } from './join.ts';

serveCalls<DiskCalls>({
  close: ({ fd }) => {
    closeSync(fd);
    return null;
  },
  sync: ({ path }) => {
    const fd = openSync(path, 'r');
    try {
      must('syncfs', syncFilesystem(fd), path);
    } finally {
      closeSync(fd);
    }
    return null;
  },
  usage: ({ path }) => diskUsage(path),
  join: ({ directory, below }) => {
    joinLayer(directory, below);
    return null;
  },
  lookUpUser: ({ root, user, groupAdd }) => {
    const tree = openRoot(root);
    try {
      return lookUpUser(tree, user, groupAdd);
    } finally {
      closeSync(tree);
    }
  },
});
