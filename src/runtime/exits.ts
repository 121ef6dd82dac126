import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerId } from '../base/mod.ts';
import { atomicWrite, decodeWaitStatus } from '../sys/mod.ts';
import { readExit } from './keeper/containers.ts';
import type { ExitRecord } from './keeper/protocol.ts';
import type { ContainerExit } from './runtime.ts';

const UNKNOWN_EXIT_CODE = 255;
const UNKNOWN_EXIT =
  'the exit code is not known: the keeper was killed and the process ended before another one ran';

/** The files `<exec-root>/exits/<id>.<start number>`: written by the keeper, deleted once the state has the exit. */
export class ExitFiles {
  readonly #directory: string;

  constructor(execRoot: string) {
    this.#directory = join(execRoot, 'exits');
  }

  list(): ExitRecord[] {
    let names: string[];
    try {
      names = readdirSync(this.#directory);
    } catch {
      return [];
    }
    return names
      .filter((name) => !name.startsWith('.'))
      .map((name) => readExit(join(this.#directory, name)))
      .filter((exit) => exit !== undefined);
  }

  /** For an exit that no keeper saw. */
  write(exit: ExitRecord): void {
    atomicWrite(this.#path(exit.id, exit.startNumber), JSON.stringify(exit));
  }

  remove(id: string, startNumber: number): void {
    rmSync(this.#path(id, startNumber), { force: true });
  }

  #path(id: string, startNumber: number): string {
    return join(this.#directory, `${id}.${startNumber}`);
  }
}

/** An exit as the engine sees it. */
export function toContainerExit(record: ExitRecord, oomKilled: boolean): ContainerExit {
  const known = record.status === undefined ? undefined : decodeWaitStatus(record.status);
  return {
    id: record.id as ContainerId,
    startNumber: record.startNumber,
    exitCode: known?.code ?? UNKNOWN_EXIT_CODE,
    oomKilled,
    at: record.at,
    ...(known === undefined && { error: UNKNOWN_EXIT }),
  };
}
