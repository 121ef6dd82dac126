import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainersContext } from '../context.ts';

/**
 * Notes in the exec-root that something is under way with a container, by which the next daemon finds what a crash cut
 * off: `creating/<id>`, `removing/<id>`, `committing/<id>`, `updating/<id>`. The machine's end takes them.
 */
export type Intent = 'creating' | 'removing' | 'committing' | 'updating';

/** Writes the note; it goes when the result is disposed of. */
export function noteIntent(context: ContainersContext, intent: Intent, id: string, content = ''): Disposable {
  const path = intentPath(context, intent, id);
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  writeFileSync(path, content);
  return { [Symbol.dispose]: () => forgetIntent(context, intent, id) };
}

/** Ids of the containers whose note a crash left. */
export function intentsLeft({ settings }: ContainersContext, intent: Intent): string[] {
  try {
    return readdirSync(join(settings.execRoot, intent));
  } catch {
    return [];
  }
}

export function forgetIntent(context: ContainersContext, intent: Intent, id: string): void {
  rmSync(intentPath(context, intent, id), { force: true });
}

export function intentPath({ settings }: ContainersContext, intent: Intent, id: string): string {
  return join(settings.execRoot, intent, id);
}
