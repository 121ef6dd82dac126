import type { ExportPool } from '../../layers/export/export-pool.ts';
import type { TreeFiles } from './tree-files.ts';

/** `TreeFiles`, loaded when first needed: it is not for the start of the daemon to wait for. */
export function lazyTreeFiles(pool: () => ExportPool): TreeFiles {
  let loaded: Promise<TreeFiles> | undefined;
  const load = (): Promise<TreeFiles> => {
    loaded ??= import('./thread-tree-files.ts').then(({ ThreadTreeFiles }) => new ThreadTreeFiles(pool()));
    return loaded;
  };
  return {
    open: async (tree, options) => await (await load()).open(tree, options),
    async *layerTar(upper, options) {
      yield* (await load()).layerTar(upper, options);
    },
    changes: async (upper, lower, ids) => await (await load()).changes(upper, lower, ids),
  };
}
