import { closeSync, openSync, readFileSync, readSync, statSync, writeSync } from 'node:fs';
import { createMemfd, sealMemfd } from '../../sys/mod.ts';

const LARGEST = 16 * 1024 * 1024;

/**
 * Paths under which OCI runtimes are executed. Runtimes protect their binary from the containers they start
 * (CVE-2019-5736): on each run, crun mounts itself read-only and executes itself anew, unless it finds that it
 * already runs from a sealed memfd. Giving it one saves a third of `crun create`.
 */
export class Programs {
  readonly #sealed = new Map<string, { key: string; fd: number }>();

  /** What to execute for the program at `path`; `path` itself where sealing is not possible. */
  executable(path: string): string {
    const known = this.#sealed.get(path);
    try {
      const { ino, size, mtimeMs } = statSync(path);
      const key = `${ino} ${size} ${mtimeMs}`;
      if (known?.key === key) return `/proc/self/fd/${known.fd}`;
      if (known) closeSync(known.fd);
      this.#sealed.delete(path);
      if (size > LARGEST || !isElf(path)) return path;
      const fd = seal(path);
      this.#sealed.set(path, { key, fd });
      return `/proc/self/fd/${fd}`;
    } catch {
      return path;
    }
  }
}

function seal(path: string): number {
  const fd = createMemfd('oci-runtime');
  try {
    const bytes = readFileSync(path);
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    sealMemfd(fd);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** A script cannot run from a descriptor that exec closes. */
function isElf(path: string): boolean {
  const fd = openSync(path, 'r');
  try {
    const magic = Buffer.alloc(4);
    readSync(fd, magic, 0, 4, 0);
    return magic.toString('latin1') === '\x7fELF';
  } finally {
    closeSync(fd);
  }
}
