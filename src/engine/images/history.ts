import { EngineError, parseTime } from '../../base/mod.ts';
import type { ImageId } from '../../spec/digest.ts';
import type { StoredImage } from '../../store/mod.ts';
import type { ImagesContext } from './context.ts';
import type { ImageHistoryItem } from './images.ts';
import { namesOf } from './names.ts';
import { layersOf } from './shared-size.ts';

/**
 * Rows of `docker history`, newest first. Compat: a row has the id of its image as far as parents are known, which is
 * so for what was built here; the rest are `<missing>`. (moby `daemon/images/image_history.go`)
 */
export function history(context: ImagesContext, image: StoredImage): ImageHistoryItem[] {
  const chain = layersOf(image);
  let layer = 0;
  const rows = (image.config.history ?? []).map((entry): ImageHistoryItem => {
    const isEmpty = entry.empty_layer === true;
    if (!isEmpty && layer >= chain.length) {
      throw new EngineError('internal', 'too many non-empty layers in History section');
    }
    const chainId = isEmpty ? undefined : chain[layer++];
    return {
      Id: '<missing>',
      Created: Number(((entry.created && parseTime(entry.created)) || 0n) / 1_000_000_000n),
      CreatedBy: entry.created_by ?? '',
      Tags: null,
      Size: (chainId && context.layers.get(chainId)?.size) || 0,
      Comment: entry.comment ?? '',
    };
  });
  rows.reverse();
  let id: ImageId | undefined = image.id;
  for (const row of rows) {
    if (id === undefined) break;
    row.Id = id;
    const { tags } = namesOf(context, { id });
    row.Tags = tags.length > 0 ? tags : null;
    id = context.images.parentOf(id);
  }
  return rows;
}
