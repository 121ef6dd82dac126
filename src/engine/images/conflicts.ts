import { EngineError, shortId } from '../../base/mod.ts';
import type { ImageId } from '../../spec/digest.ts';
import type { ImagesContext } from './context.ts';

/** What stands in the way of a removal. */
export interface Conflict {
  error: EngineError;
  /** True if a container is the reason. */
  isUsed: boolean;
}

/** Which reasons count; a child image and a running container always do. */
export interface ConflictMask {
  names: boolean;
  stopped: boolean;
}

/** The first reason not to remove an image. Compat: order and sentences of moby `checkImageDeleteConflict`. */
export function conflictOf(context: ImagesContext, id: ImageId, mask: ConflictMask): Conflict | undefined {
  if (context.images.childrenOf(id).length > 0) {
    return conflict(id, 'cannot be forced', 'image has dependent child images', false);
  }
  const users = context.users.usersOf(id);
  const running = users.find((user) => user.running);
  if (running) {
    const why = `image is being used by running container ${shortId(running.containerId)}`;
    return conflict(id, 'cannot be forced', why, true);
  }
  if (mask.names && context.images.namesOf(id).length > 0) {
    return conflict(id, 'must be forced', 'image is referenced in multiple repositories', false);
  }
  const [stopped] = users;
  if (stopped && mask.stopped) {
    const why = `image is being used by stopped container ${shortId(stopped.containerId)}`;
    return conflict(id, 'must be forced', why, true);
  }
  return undefined;
}

/** Throws `conflict` if a container needs the image, and `ref` is the last that its user can see of it. */
export function checkLastReference(context: ImagesContext, id: ImageId, ref: string): void {
  const [user] = context.users.usersOf(id);
  if (!user) return;
  throw new EngineError(
    'conflict',
    `conflict: unable to remove repository reference "${ref}" (must force) - container ${shortId(user.containerId)} is using its referenced image ${shortId(id)}`,
  );
}

function conflict(id: ImageId, how: string, why: string, isUsed: boolean): Conflict {
  const text = `conflict: unable to delete ${shortId(id)} (${how}) - ${why}`;
  return { error: new EngineError('conflict', text), isUsed };
}
