import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, nowNano } from '../../base/mod.ts';
import type { Container } from './container.ts';
import { type ContainersContext, eventAttributes } from './context.ts';

interface Intent {
  since: string;
  attributes: Record<string, string>;
}

/**
 * Notes in the exec-root that a container's record is about to go, until the result is disposed of. Crash: with the
 * record gone, nothing else would tell the restore that its end was not told.
 */
export function intendRemove(context: ContainersContext, container: Container): Disposable {
  const directory = directoryOf(context);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, container.id);
  const intent: Intent = { since: nowNano().toString(), attributes: eventAttributes(container) };
  writeFileSync(path, JSON.stringify(intent));
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
}

/** After a start of the daemon, with all removals ended that were on record: tells of those that nobody heard of. */
export function tellRemovals(context: ContainersContext): void {
  for (const id of entries(directoryOf(context))) {
    const path = join(directoryOf(context), id);
    try {
      if (!context.records.has(id)) {
        const { since, attributes } = JSON.parse(readFileSync(path, 'utf8')) as Intent;
        if (!context.events.happened('destroy', id, BigInt(since))) {
          context.events.publish('container', 'destroy', id, attributes);
        }
      }
    } catch (error) {
      context.log.warn('a note of a removal cannot be read', { id, error: messageOf(error) });
    }
    rmSync(path, { force: true });
  }
}

function directoryOf({ settings }: ContainersContext): string {
  return join(settings.execRoot, 'removing');
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
