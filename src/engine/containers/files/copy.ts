import { EngineError, isEngineError } from '../../../base/mod.ts';
import type { PathStat, TreeArchive } from '../../../store/mod.ts';
import type { Container } from '../container.ts';
import { announce, type ContainersContext } from '../context.ts';
import type { ExtractOptions } from './files.ts';
import { openView } from './view.ts';

/** What is at a path of a container. */
export async function statPath(
  context: ContainersContext,
  container: Container,
  asked: { ref: string; path: string },
): Promise<PathStat> {
  await using view = await openView(context, container);
  return await finding(asked, () => view.tree.stat(asked.path));
}

/** What is at a path of a container, as a tar. */
export async function archivePath(
  context: ContainersContext,
  container: Container,
  asked: { ref: string; path: string },
  options: { signal: AbortSignal },
): Promise<TreeArchive> {
  const view = await openView(context, container);
  try {
    const found = await finding(asked, () => view.tree.tar(asked.path, options));
    announce(context, container, 'archive-path');
    return {
      stat: found.stat,
      bytes: found.bytes,
      async [Symbol.asyncDispose]() {
        await found[Symbol.asyncDispose]();
        await view[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await view[Symbol.asyncDispose]();
    throw error;
  }
}

/** Unpacks a tar into a directory of a container. */
export async function extractTo(
  context: ContainersContext,
  container: Container,
  asked: { ref: string; path: string },
  source: AsyncIterable<Uint8Array>,
  { keepKinds, asUser }: ExtractOptions,
): Promise<void> {
  await using view = await openView(context, container);
  const { tree } = view;
  const { path, isDirectory, isMounted, isReadOnly } = await finding(asked, () =>
    tree.destination(asked.path),
  );
  if (!isDirectory) throw new EngineError('invalid', 'extraction point is not a directory');
  if (isReadOnly) {
    const why = isMounted ? 'mounted volume is marked read-only' : 'container rootfs is marked read-only';
    throw new EngineError('invalid', why);
  }
  const owner = asUser ? await ownerOf(context, container) : undefined;
  await tree.untar(source, { path, keepKinds, ...(owner ? { owner } : {}) });
  announce(context, container, 'extract-to-dir');
}

/**
 * Compat: moby `tarCopyOptions`; without a user in the container's configuration, what the archive says counts. The
 * user is looked up in the container's own files, as moby does since version 23.
 */
async function ownerOf(
  context: ContainersContext,
  container: Container,
): Promise<{ uid: number; gid: number } | undefined> {
  const { User } = container.record.config;
  if (User === '') return undefined;
  using borrowed = await context.layers.borrowMount(container.id);
  const { uid, gid } = await context.rootfs.lookupUser(borrowed.rootfs, User, []);
  return { uid, gid };
}

/** Compat: the sentence has the path and the container as they were asked for. */
async function finding<T>(asked: { ref: string; path: string }, look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (!isEngineError(error, 'not-found')) throw error;
    const message = `Could not find the file ${asked.path} in container ${asked.ref}`;
    throw new EngineError('not-found', message, { cause: error });
  }
}
