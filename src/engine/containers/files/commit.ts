import { isEngineError, messageOf } from '../../../base/mod.ts';
import type { ImageId } from '../../../spec/digest.ts';
import type { ContainerConfig } from '../../../spec/docker/mod.ts';
import { applyChanges } from '../../images/mod.ts';
import type { Container } from '../container.ts';
import { announce, type ContainersContext } from '../context.ts';
import { forgetIntent, intentsLeft, noteIntent } from '../life/intent-notes.ts';
import { pause, unpause } from '../pause.ts';
import { withImageDefaults } from '../request/image-defaults.ts';
import { mapOf } from '../set-up/user-namespace.ts';
import { overlayOf } from './changes.ts';
import { refuseIfGoing } from './export.ts';
import type { CommitRequest } from './files.ts';

/** Makes an image of what a container changed. It is frozen only while its files are read. */
export async function commit(
  context: ContainersContext,
  container: Container,
  request: CommitRequest,
): Promise<ImageId> {
  refuseIfGoing('commit', container);
  const { record } = container;
  const config = committedConfig(record.config, request);
  using _borrowed = await context.layers.borrowMount(container.id);
  const { image, reference } = await context.images.commit({
    parent: record.image,
    container: { id: container.id, config: record.config },
    layer: readFrozen(context, container, request.pause),
    config,
    author: request.author,
    comment: request.comment,
    ...(request.repository === undefined ? {} : { repository: request.repository }),
    ...(request.tag === undefined ? {} : { tag: request.tag }),
  });
  const attributes = { comment: request.comment, imageID: image, imageRef: reference };
  announce(context, container, 'commit', attributes);
  return image;
}

/** Compat: moby `daemon/commit.go`: the container's configuration, or the one that was sent, with the changes applied. */
export function committedConfig(own: ContainerConfig, request: CommitRequest): ContainerConfig {
  const base = structuredClone(request.config ?? own);
  const changed = applyChanges(request.changes, base) as ContainerConfig;
  return withImageDefaults(changed, own);
}

/** The tar of the writable layer, read while the container is frozen, if it runs and that is wanted. */
async function* readFrozen(
  context: ContainersContext,
  container: Container,
  wanted: boolean,
): AsyncGenerator<Uint8Array, void, void> {
  const { upper } = overlayOf(context, container);
  const ids = mapOf(context, container.record.hostConfig);
  if (!wanted) {
    yield* context.files.layerTar(upper, { ids });
    return;
  }
  using _intent = noteIntent(context, 'committing', container.id);
  // Compat: one that cannot be frozen (it does not run, or is frozen already) is read as it is.
  const frozen = await pause(context, container).then(
    () => true,
    (error: unknown) => {
      if (isEngineError(error, 'conflict')) return false;
      throw error;
    },
  );
  try {
    yield* context.files.layerTar(upper, { ids });
  } finally {
    if (frozen) await thaw(context, container);
  }
}

async function thaw(context: ContainersContext, container: Container): Promise<void> {
  await unpause(context, container).catch((error: unknown) => {
    // Somebody else let it go on, or ended it.
    if (isEngineError(error, 'conflict')) return;
    context.log.error('a container stays paused after its commit', {
      id: container.id,
      error: messageOf(error),
    });
  });
}

/** After a start of the daemon: lets go on what a commit that was cut off had frozen. */
export async function thawCutOffCommits(context: ContainersContext): Promise<void> {
  for (const id of intentsLeft(context, 'committing')) {
    const container = context.directory.get(id);
    if (container?.status === 'paused') await thaw(context, container);
    forgetIntent(context, 'committing', id);
  }
}
