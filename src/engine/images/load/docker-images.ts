import { EngineError } from '../../../base/mod.ts';
import { MAX_ARCHIVE_MANIFEST_BYTES, parseArchiveManifest } from '../../../spec/docker/archive-manifest.ts';
import { MAX_CONFIG_BYTES } from '../../../spec/oci/parse-image.ts';
import type { ImageArchive } from '../../../store/mod.ts';
import type { ArchivedImage } from './load.ts';

export const DOCKER_MANIFEST = 'manifest.json';

/** The images of an archive in Docker's own format, as its `manifest.json` lists them. Compat: moby `image/tarexport`. */
export function* dockerImages(archive: ImageArchive): Generator<ArchivedImage> {
  const bytes = archive.document(DOCKER_MANIFEST, DOCKER_MANIFEST, MAX_ARCHIVE_MANIFEST_BYTES);
  for (const { Config, RepoTags, Layers, Parent } of parseArchiveManifest(bytes ?? Buffer.from('null'))) {
    const configBytes = archive.document(Config, 'image configuration', MAX_CONFIG_BYTES);
    if (!configBytes) throw new EngineError('invalid', `open ${Config}: no such file or directory`);
    yield {
      configBytes,
      layers: Layers.map((path) => ({ path })),
      names: RepoTags,
      ...(Parent === undefined ? {} : { parent: Parent }),
    };
  }
}
