import { Cleanup, EngineError, messageOf } from '../../../base/mod.ts';
import type { ChainId } from '../../../spec/digest.ts';
import type { ProgressMessage } from '../../../spec/docker/mod.ts';
import type { ImageConfig } from '../../../spec/oci/image.ts';
import { parseImageConfig } from '../../../spec/oci/parse-image.ts';
import { formatPlatform, hostPlatform, type Platform, platformDistance } from '../../../spec/platform.ts';
import type { ImageArchive } from '../../../store/mod.ts';
import type { ImagesContext } from '../context.ts';
import type { LoadOptions } from '../images.ts';
import { throttled } from '../throttle.ts';
import { DOCKER_MANIFEST, dockerImages } from './docker-images.ts';
import { type ArchivedLayer, loadLayers } from './load-layers.ts';
import { OCI_INDEX, ociImages } from './oci-images.ts';
import { recordImages } from './record-images.ts';

/** One image of an archive, of whatever format. */
export interface ArchivedImage {
  configBytes: Buffer;
  layers: ArchivedLayer[];
  /** As the archive has them; each must have a tag. */
  names: string[];
  parent?: string;
}

/**
 * Reads an archive of images and keeps them, durably. What was loaded before a failure stays, as in Docker; of the image
 * that failed nothing is left.
 */
export async function load(
  context: ImagesContext,
  source: AsyncIterable<Uint8Array>,
  options: LoadOptions,
  progress: (message: ProgressMessage) => void,
): Promise<void> {
  const { quiet, signal } = options;
  const report = quiet ? () => {} : throttled(progress);
  await using archive = await context.archives.read(source, {
    signal,
    onLayer: (path, current, total) => {
      report({ status: 'Loading layer', progressDetail: { current, total }, id: idOf(path) });
    },
  });
  await using holds = new Cleanup((what, error) => {
    context.log.warn('cannot release a layer after a load', { what, error: messageOf(error) });
  });
  const loaded: ArchivedImage[] = [];
  let failure: { error: unknown } | undefined;
  try {
    for (const image of imagesOf(archive, options.platforms)) {
      const config = parseImageConfig(image.configBytes);
      if (!isWanted(config, options.platforms)) continue;
      check(image, config);
      const hold = (chainId: ChainId) => {
        context.layers.retain(chainId);
        holds.defer(chainId, () => context.layers.release(chainId));
      };
      await loadLayers(context, { archive, config, layers: image.layers, hold, signal }, report);
      loaded.push(image);
    }
    if (loaded.length === 0) checkPlatformFound(options.platforms);
  } catch (error) {
    failure = { error };
  }
  // Nobody may have these bytes any more once this answers.
  if (loaded.length > 0) await context.layers.sync();
  await recordImages(context, loaded, (text) => progress({ stream: text }));
  if (failure) throw failure.error;
}

/** Compat: where an archive has both formats, as those of Docker from 25 on, its own counts. */
function* imagesOf(archive: ImageArchive, platforms: Platform[]): Generator<ArchivedImage> {
  if (archive.has(DOCKER_MANIFEST)) yield* dockerImages(archive);
  else if (archive.has(OCI_INDEX)) yield* ociImages(archive, platforms[0]);
  else throw new EngineError('invalid', `invalid archive: does not contain a ${DOCKER_MANIFEST}`);
}

/** Compat: platforms are compared strictly here: who asks for arm/v7 gets no arm/v6. */
function isWanted(config: ImageConfig, platforms: Platform[]): boolean {
  if (platforms.length === 0) return true;
  const host = hostPlatform();
  const { os = host.os, architecture = host.architecture, variant } = config;
  const platform = { os, architecture, ...(variant ? { variant } : {}) };
  return platforms.some((wanted) => platformDistance(wanted, platform) === 0);
}

/** Compat: Docker's old image store then says nothing and has loaded nothing; its new one says this. */
function checkPlatformFound(platforms: Platform[]): void {
  if (platforms.length === 0) return;
  const all = platforms.map(formatPlatform).join(', ');
  throw new EngineError('not-found', `requested platform (${all}) not found`);
}

function check({ layers }: ArchivedImage, config: ImageConfig): void {
  const os = config.os || hostPlatform().os;
  if (os !== hostPlatform().os) {
    throw new EngineError('invalid', `cannot load ${os} image on ${hostPlatform().os}`);
  }
  const expected = layers.length;
  const actual = config.rootfs.diff_ids.length;
  if (expected === actual) return;
  throw new EngineError(
    'corrupt',
    `invalid manifest, layers length mismatch: expected ${expected}, got ${actual}`,
  );
}

/** A layer's id while it is not known: whatever digest its name has. */
function idOf(path: string): string {
  const [hex = path] = /[0-9a-f]{64}/.exec(path) ?? [];
  return hex.slice(0, 12);
}
