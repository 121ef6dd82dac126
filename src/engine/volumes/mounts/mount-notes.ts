import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { atomicWrite } from '../../../sys/mod.ts';

/** A volume that somebody has mounted, or was about to. */
export interface MountNote {
  name: string;
  driver: string;
  /** Where; '' until it is known. */
  path: string;
}

/**
 * Notes in the exec-root of who has which volumes mounted (`volume-mounts/<who>`), written before the mount and gone
 * after its end. Crash: the next daemon counts by them, and takes down what nobody needs. The machine's end takes them,
 * and the mounts.
 */
export class MountNotes {
  readonly #directory: string;
  readonly #byWho = new Map<string, MountNote[]>();

  constructor(execRoot: string) {
    this.#directory = join(execRoot, 'volume-mounts');
  }

  /** What the daemon before left, by who. */
  load(): Map<string, MountNote[]> {
    let names: string[] = [];
    try {
      names = readdirSync(this.#directory);
    } catch {
      // Nothing was ever mounted.
    }
    for (const who of names.filter((name) => !name.startsWith('.tmp-'))) {
      try {
        this.#byWho.set(who, JSON.parse(readFileSync(join(this.#directory, who), 'utf8')) as MountNote[]);
      } catch {
        rmSync(join(this.#directory, who), { force: true });
      }
    }
    return new Map(this.#byWho);
  }

  add(who: string, note: MountNote): void {
    this.#write(who, [...this.#others(who, note.name), note]);
  }

  remove(who: string, name: string): void {
    this.#write(who, this.#others(who, name));
  }

  #others(who: string, name: string): MountNote[] {
    return (this.#byWho.get(who) ?? []).filter((note) => note.name !== name);
  }

  #write(who: string, notes: MountNote[]): void {
    const path = join(this.#directory, who);
    if (notes.length === 0) {
      this.#byWho.delete(who);
      rmSync(path, { force: true });
      return;
    }
    this.#byWho.set(who, notes);
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    atomicWrite(path, JSON.stringify(notes));
  }
}
