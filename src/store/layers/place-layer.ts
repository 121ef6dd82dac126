import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from '../layout.ts';
import { recordLayer } from './layer-db.ts';
import type { Layer, StagedLayer } from './layer-store.ts';
import { completeDirectory, type OverlayDirectory, publishLink } from './overlay-directory.ts';
import { STAGED } from './stage/kept-stages.ts';

/**
 * Gives a staged and joined layer its place: complete for Docker's driver, renamed to
 * `overlay2/<cache id>`, recorded. Crash: before the record is complete, all of it is removed at the next start.
 */
export function placeLayer(
  layout: Layout,
  layer: Layer,
  staged: StagedLayer,
  parent: OverlayDirectory | undefined,
): OverlayDirectory {
  const directory = completeDirectory(layout, staged.directory, layer.cacheId, parent);
  const tarSplit = join(staged.directory, 'tar-split.json.gz');
  recordLayer(layout, layer, tarSplit, () => {
    rmSync(tarSplit);
    rmSync(join(staged.directory, 'join.json'));
    rmSync(join(staged.directory, STAGED), { force: true });
    publishLink(layout, directory);
    renameSync(staged.directory, join(layout.overlay, layer.cacheId));
  });
  return directory;
}
