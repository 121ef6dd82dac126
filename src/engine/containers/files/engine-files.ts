import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { changesOf } from './changes.ts';
import { commit } from './commit.ts';
import { archivePath, extractTo, statPath } from './copy.ts';
import { exportTree } from './export.ts';
import type { ContainerFiles } from './files.ts';

/** The verbs for files of containers over one context. */
export function createFiles(context: ContainersContext): ContainerFiles {
  const find = (ref: string): Container => context.directory.find(ref);
  return {
    stat: async (ref, path) => await statPath(context, find(ref), { ref, path }),
    archive: async (ref, path, options) => await archivePath(context, find(ref), { ref, path }, options),
    extract: async (ref, path, source, options) =>
      await extractTo(context, find(ref), { ref, path }, source, options),
    export: async (ref, options) => await exportTree(context, find(ref), options),
    changes: async (ref) => await changesOf(context, find(ref)),
    commit: async (ref, request) => await commit(context, find(ref), request),
  };
}
