import { EngineError, parseTime } from '../../../base/mod.ts';
import type { HistoryEntry, ImageConfig } from '../../../spec/oci/image.ts';
import type { StoredImage } from '../../../store/mod.ts';
import type { ImagesContext } from '../context.ts';
import type { ArchivedImage } from './load.ts';

/**
 * Notes which image was made from which, where both came in this archive. Compat: moby takes an archive's word for it
 * only if the child's history is its parent's and one step more.
 */
export async function linkParents(
  context: ImagesContext,
  images: readonly { stored: StoredImage; archived: ArchivedImage }[],
): Promise<void> {
  const byId = new Map<string, StoredImage>(images.map(({ stored }) => [stored.id, stored]));
  for (const { stored, archived } of images) {
    const parent = archived.parent === undefined ? undefined : byId.get(archived.parent);
    if (!parent || parent.id === stored.id) continue;
    if (!isStepFrom(parent.config, stored.config)) {
      throw new EngineError('invalid', `image ${parent.id} is not a valid parent for ${stored.id}`);
    }
    await context.images.setParent(stored.id, parent.id);
  }
}

function isStepFrom(parent: ImageConfig, child: ImageConfig): boolean {
  const before = parent.history ?? [];
  const after = child.history ?? [];
  if (before.length === 0 && after.length === 0) return true;
  return after.length - before.length === 1 && before.every((entry, at) => isSame(entry, after[at]));
}

function isSame(a: HistoryEntry, b: HistoryEntry | undefined): boolean {
  if (!b || (a.created === undefined) !== (b.created === undefined)) return false;
  if (parseTime(a.created ?? '') !== parseTime(b.created ?? '')) return false;
  const rest = ({ created_by = '', author = '', comment = '', empty_layer = false }: HistoryEntry) =>
    JSON.stringify([created_by, author, comment, empty_layer]);
  return rest(a) === rest(b);
}
