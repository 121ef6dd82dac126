import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formatTime, newId, nowNano } from '../../base/mod.ts';
import type { Digest, ImageId } from '../../spec/digest.ts';
import type { ImageConfig } from '../../spec/oci/image.ts';
import { MEDIA_TYPES } from '../../spec/oci/image.ts';
import { hostPlatform, type Platform } from '../../spec/platform.ts';
import { canonicalName, familiarName, parseReference, withDefaultTag } from '../../spec/reference.ts';
import { applyChanges } from './changes.ts';
import type { ImagesContext } from './context.ts';

export interface ImportOptions {
  repository?: string;
  tag?: string;
  message?: string;
  changes: string[];
  platform?: Platform;
  signal: AbortSignal;
}

/** Makes an image of one layer from a root file system's tar. Nothing is left on failure. */
export async function importImage(
  context: ImagesContext,
  source: AsyncIterable<Uint8Array>,
  options: ImportOptions,
): Promise<ImageId> {
  const reference = options.repository
    ? withDefaultTag(
        parseReference(options.tag ? `${options.repository}:${options.tag}` : options.repository),
      )
    : undefined;
  const run = applyChanges(options.changes);
  const directory = join(context.dataRoot, 'tmp');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const spool = join(directory, `import-${newId()}`);
  try {
    const { digest, size } = await spoolTo(spool, source, options.signal);
    const staged = await context.layers.stage({
      digest,
      size,
      mediaType: MEDIA_TYPES.ociLayer,
      source: createReadStream(spool, { highWaterMark: 256 * 1024 }),
      signal: options.signal,
    });
    const layer = await context.layers.commit(staged, undefined);
    context.layers.retain(layer.chainId);
    try {
      const created = formatTime(nowNano());
      const { os, architecture, variant } = options.platform ?? hostPlatform();
      const config: ImageConfig = {
        created,
        architecture,
        os,
        ...(variant ? { variant } : {}),
        config: run,
        rootfs: { type: 'layers', diff_ids: [layer.diffId] },
        history: [{ created, comment: options.message || 'Imported from -' }],
      };
      const image = await context.images.put(Buffer.from(JSON.stringify(config)));
      if (reference) await context.images.setName(canonicalName(reference), image.id);
      const name = reference ? familiarName(reference) : image.id;
      context.events.publish('image', 'import', image.id, { name });
      return image.id;
    } finally {
      await context.layers.release(layer.chainId);
    }
  } finally {
    await rm(spool, { force: true });
  }
}

/** A layer's digest is wanted before it is staged, and an upload has none: the bytes pass through a file. */
async function spoolTo(
  path: string,
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<{ digest: Digest; size: number }> {
  const file = await open(path, 'wx', 0o600);
  try {
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of source) {
      signal.throwIfAborted();
      hash.update(chunk);
      size += chunk.length;
      await file.writeFile(chunk);
    }
    return { digest: `sha256:${hash.digest('hex')}` as Digest, size };
  } finally {
    await file.close();
  }
}
