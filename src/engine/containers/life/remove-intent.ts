import { readFileSync } from 'node:fs';
import { messageOf, nowNano } from '../../../base/mod.ts';
import type { Container } from '../container.ts';
import { type ContainersContext, eventAttributes } from '../context.ts';
import { forgetIntent, intentPath, intentsLeft, noteIntent } from './intent-notes.ts';

interface Removal {
  since: string;
  attributes: Record<string, string>;
}

/**
 * Notes in the exec-root that a container's record is about to go, until the result is disposed of. Crash: with the
 * record gone, nothing else would tell the restore that its end was not told.
 */
export function intendRemove(context: ContainersContext, container: Container): Disposable {
  const intent: Removal = { since: nowNano().toString(), attributes: eventAttributes(container) };
  return noteIntent(context, 'removing', container.id, JSON.stringify(intent));
}

/** After a start of the daemon, with all removals ended that were on record: tells of those that nobody heard of. */
export function tellRemovals(context: ContainersContext): void {
  for (const id of intentsLeft(context, 'removing')) {
    try {
      if (!context.records.has(id)) {
        const { since, attributes } = JSON.parse(
          readFileSync(intentPath(context, 'removing', id), 'utf8'),
        ) as Removal;
        if (!context.events.happened('destroy', id, BigInt(since))) {
          context.events.publish('container', 'destroy', id, attributes);
        }
      }
    } catch (error) {
      context.log.warn('a note of a removal cannot be read', { id, error: messageOf(error) });
    }
    forgetIntent(context, 'removing', id);
  }
}
