import type { TreeChange } from '../../../store/mod.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { mapOf } from '../set-up/user-namespace.ts';

/** What a container changes of its image. */
export async function changesOf(context: ContainersContext, container: Container): Promise<TreeChange[]> {
  const { upper, lower } = overlayOf(context, container);
  return await context.files.changes(upper, lower, mapOf(context, container.record.hostConfig));
}

/** Directories of a container's overlay, the uppermost of the lower ones first. */
export function overlayOf(context: ContainersContext, { id }: Container): { upper: string; lower: string[] } {
  const data = context.layers.getMount(id)?.graphData();
  return { upper: data?.UpperDir ?? '', lower: data?.LowerDir.split(':') ?? [] };
}
