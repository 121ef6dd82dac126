import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type Koffi from 'koffi';

/**
 * koffi's native module, loaded by itself. Why not `import koffi from 'koffi'`: its wrapper only looks for this file
 * and adds old names, at 35 ms of CPU and 9 MB in each process and worker that starts. Spec: koffi looks for the
 * package of the platform beside its own (`@koromix/koffi-<platform>-<architecture>`).
 */
export const koffi = load();

function load(): typeof Koffi {
  const require = createRequire(import.meta.url);
  const beside = dirname(dirname(require.resolve('koffi')));
  const name = `linux-${process.arch}`;
  // musl is not asked for: there is no Bun of ours for it.
  return require(
    join(beside, `@koromix/koffi-${name}`, name.replace('-', '_'), 'koffi.node'),
  ) as typeof Koffi;
}
