import { EngineError } from '../../../base/mod.ts';
import type { Container } from '../container.ts';
import { announce, type ContainersContext } from '../context.ts';
import { mapOf } from '../set-up/user-namespace.ts';
import type { ExportedTree } from './files.ts';

/** A container's own tree as a tar. Compat: mount points are there, what is mounted on them is not. */
export async function exportTree(
  context: ContainersContext,
  container: Container,
  options: { signal: AbortSignal },
): Promise<ExportedTree> {
  refuseIfGoing('export', container);
  const borrowed = await context.layers.borrowMount(container.id);
  try {
    const ids = mapOf(context, container.record.hostConfig);
    const tree = await context.files.open({ root: borrowed.rootfs, readOnly: true, mounts: [] }, { ids });
    announce(context, container, 'export');
    return {
      bytes: tree.export(options),
      async [Symbol.asyncDispose]() {
        await tree[Symbol.asyncDispose]();
        borrowed[Symbol.dispose]();
      },
    };
  } catch (error) {
    borrowed[Symbol.dispose]();
    throw error;
  }
}

/** Compat: moby's sentences of `export` and `commit`. */
export function refuseIfGoing(verb: 'export' | 'commit', { id, status }: Container): void {
  if (status !== 'dead' && status !== 'removing') return;
  const why = status === 'dead' ? 'Dead' : 'being removed';
  throw new EngineError('conflict', `You cannot ${verb} container ${id} which is ${why}`);
}
