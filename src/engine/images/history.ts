import { parseTime } from '../../base/mod.ts';
import { chainIds } from '../../spec/chain-id.ts';
import type { StoredImage } from '../../store/mod.ts';
import type { ImagesContext } from './context.ts';
import type { ImageHistoryItem } from './images.ts';
import { namesOf } from './list.ts';

/** Rows of `docker history`, newest first. */
export function history(context: ImagesContext, image: StoredImage): ImageHistoryItem[] {
  const chain = chainIds(image.config.rootfs.diff_ids);
  let layer = 0;
  const rows = (image.config.history ?? []).map((entry): ImageHistoryItem => {
    const chainId = entry.empty_layer ? undefined : chain[layer++];
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
  const [newest] = rows;
  if (newest) {
    newest.Id = image.id;
    const { tags } = namesOf(context, image);
    newest.Tags = tags.length > 0 ? tags : null;
  }
  return rows;
}
