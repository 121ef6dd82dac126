import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Health } from '../../../spec/docker/mod.ts';
import type { Container } from '../container.ts';

/**
 * What is known of the health of a life that goes on, in the exec-root: each check changes it, and a write to the
 * container's record would be one to a disk. A machine's end takes it, and the life with it.
 */
export function noteHealth(execRoot: string, container: Container): void {
  const { startNumber } = container.record.minke;
  mkdirSync(join(execRoot, 'health'), { recursive: true, mode: 0o700 });
  writeFileSync(
    pathOf(execRoot, container),
    JSON.stringify({ startNumber, health: container.record.state.health }),
  );
}

/** Undefined where there is none of this life. Crash: one that is cut off is none. */
export function notedHealth(execRoot: string, container: Container): Health | undefined {
  try {
    const note = JSON.parse(readFileSync(pathOf(execRoot, container), 'utf8')) as {
      startNumber: number;
      health: Health;
    };
    return note.startNumber === container.record.minke.startNumber ? note.health : undefined;
  } catch {
    return undefined;
  }
}

export function forgetHealth(execRoot: string, container: Container): void {
  rmSync(pathOf(execRoot, container), { force: true });
}

function pathOf(execRoot: string, { id }: Container): string {
  return join(execRoot, 'health', id);
}
