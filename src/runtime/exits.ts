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

/** Exits that the state does not have yet, and who is told of each, once. */
export class ExitLedger {
  readonly #files: ExitFiles;
  readonly #recorded = new Map<string, ContainerExit>();
  readonly #listeners: ((exit: ContainerExit) => void)[] = [];
  #undelivered: ContainerExit[] = [];

  constructor(files: ExitFiles) {
    this.#files = files;
  }

  get(id: string, startNumber: number): ContainerExit | undefined {
    return this.#recorded.get(keyOf(id, startNumber));
  }

  list(): ContainerExit[] {
    return [...this.#recorded.values()];
  }

  /** Takes in an exit that is on disk, and tells of it. */
  add(exit: ContainerExit): void {
    this.#recorded.set(keyOf(exit.id, exit.startNumber), exit);
    this.#undelivered.push(exit);
    this.#deliverSoon();
  }

  forget(id: string, startNumber: number): void {
    this.#files.remove(id, startNumber);
    this.#recorded.delete(keyOf(id, startNumber));
  }

  forgetAll(id: string): void {
    for (const exit of this.list()) if (exit.id === id) this.forget(id, exit.startNumber);
  }

  /** Also tells of what came before there was a listener. */
  listen(listener: (exit: ContainerExit) => void): void {
    this.#listeners.push(listener);
    this.#deliverSoon();
  }

  #deliverSoon(): void {
    if (this.#listeners.length === 0 || this.#undelivered.length === 0) return;
    queueMicrotask(() => {
      const exits = this.#undelivered;
      this.#undelivered = [];
      for (const exit of exits) for (const listener of this.#listeners) listener(exit);
    });
  }
}

function keyOf(id: string, startNumber: number): string {
  return `${id}.${startNumber}`;
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
