import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { atomicWrite } from '../../sys/mod.ts';
import { readOptional } from '../layers/overlay-directory.ts';

const NETWORKS = 'network/files/local-kv.db';
const VOLUMES = 'volumes/metadata.db';

/** Docker's file of networks. */
export function networksFile(dataRoot: string): DockerFile {
  return new DockerFile(dataRoot, NETWORKS);
}

/** Docker's file of volumes. */
export function volumesFile(dataRoot: string): DockerFile {
  return new DockerFile(dataRoot, VOLUMES);
}

/** True if a Docker daemon was started on the data-root since we closed it: that alone changes its files. */
export function dockerWroteLast(dataRoot: string): boolean {
  return [networksFile(dataRoot), volumesFile(dataRoot)].some((file) => file.writtenByDocker() !== undefined);
}

/**
 * A file that Docker keeps in bolt, and what it held when we wrote it last (`<file>.minke`, a digest): a different
 * one was written by Docker, and what it says wins over our own records. Why not by its time: a copy of a data-root
 * has other times.
 */
export class DockerFile {
  readonly #path: string;
  readonly #notePath: string;

  /** `name` is a path below the data-root. */
  constructor(dataRoot: string, name: string) {
    this.#path = join(dataRoot, name);
    this.#notePath = `${this.#path}.minke`;
  }

  /** The file's bytes, if Docker wrote it since we did. */
  writtenByDocker(): Buffer | undefined {
    const file = this.#read();
    if (file.length === 0 || readOptional(this.#notePath) === digestOf(file)) return undefined;
    return file;
  }

  /** What the file says now is in our records: it counts as ours. */
  accept(): void {
    atomicWrite(this.#notePath, digestOf(this.#read()), { durable: true });
  }

  /**
   * Replaces the file by what `make` makes of the one that is there, empty if there is none. Crash: without the note
   * the new file counts as Docker's, and says what our records say.
   */
  write(make: (existing: Buffer) => Buffer): void {
    const content = make(this.#read());
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o750 });
    atomicWrite(this.#path, content, { durable: true });
    atomicWrite(this.#notePath, digestOf(content));
  }

  #read(): Buffer {
    try {
      return readFileSync(this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
      throw error;
    }
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
