import { join } from 'node:path';

/** Sources run as they are, from `src/`; scripts/build.sh bundles each program and worker to its place in `dist/`. */
const [, root = '', folder = ''] = /^(.*)\/(src|dist)\//.exec(import.meta.filename) ?? [];

/** The folder of this package, with `bin/`, `package.json` and `node_modules/` in it. */
export const PACKAGE_ROOT = root;

/**
 * The file to run for another program or worker of ours, named by its source below `src/`: that source, or its bundle
 * if we are one. Why not `new URL('./worker.ts', import.meta.url)`: in a bundle that points beside the bundle.
 */
export function programFile(source: string, of: string = folder): string {
  return join(root, of, of === 'dist' ? source.replace(/\.ts$/, '.js') : source);
}
