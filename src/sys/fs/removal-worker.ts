import { serveCalls } from '../threads/serve-calls.ts';
import { removeDirectory } from './remove-directory.ts';
import type { RemovalCalls } from './remove-tree.ts';

/** The thread that removes large trees. */
serveCalls<RemovalCalls>({
  remove: ({ path }) => {
    removeDirectory(path);
    return null;
  },
});
