import { closeSync, openSync, readFileSync, readSync, statSync, writeSync } from 'node:fs';
import { createMemfd, sealMemfd } from '../../sys/mod.ts';
import { withoutSystemd } from './lean-program.ts';
import type { RuntimeCommand } from './protocol.ts';

const LARGEST = 16 * 1024 * 1024;
/** crun's own argument for cgroups without systemd; its other calls of systemd need what we never ask for. */
const NO_SYSTEMD = '--cgroup-manager=cgroupfs';

/** Asks a program for its version; true if it answers. Programs that do not even start are not used. */
export type Probe = (executable: string) => Promise<boolean>;

interface Sealed {
  key: string;
  fd: number;
  /** Of the copy without libsystemd, once one was made and has answered. */
  lean?: number;
}

/**
 * Paths under which OCI runtimes are executed. Runtimes protect their binary from the containers they start
 * (CVE-2019-5736): on each run, crun mounts itself read-only and executes itself anew, unless it finds that it
 * already runs from a sealed memfd. Giving it one saves a third of `crun create`. Where it does not talk to systemd,
 * it gets one that does not load systemd's library, which saves a seventh of what is left.
 */
export class Programs {
  readonly #sealed = new Map<string, Sealed>();
  readonly #probe: Probe;

  constructor(probe: Probe) {
    this.#probe = probe;
  }

  /** What to execute for the runtime's program; its own path where sealing is not possible. */
  executable({ path, args }: Pick<RuntimeCommand, 'path' | 'args'>): string {
    const known = this.#sealed.get(path);
    try {
      const { ino, size, mtimeMs } = statSync(path);
      const key = `${ino} ${size} ${mtimeMs}`;
      if (known?.key === key) return pathOf((args.includes(NO_SYSTEMD) ? known.lean : undefined) ?? known.fd);
      if (known) release(known);
      this.#sealed.delete(path);
      if (size > LARGEST || !isElf(path)) return path;
      const bytes = readFileSync(path);
      const sealed: Sealed = { key, fd: seal(bytes) };
      this.#sealed.set(path, sealed);
      if (args.includes(NO_SYSTEMD)) void this.#slim(path, sealed, bytes);
      return pathOf(sealed.fd);
    } catch {
      return path;
    }
  }

  async #slim(path: string, sealed: Sealed, bytes: Buffer): Promise<void> {
    const lean = withoutSystemd(bytes);
    if (!lean) return;
    const fd = seal(lean);
    const answers = await this.#probe(pathOf(fd)).catch(() => false);
    // It may have been replaced meanwhile.
    if (answers && this.#sealed.get(path) === sealed) sealed.lean = fd;
    else closeSync(fd);
  }
}

function pathOf(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

function release({ fd, lean }: Sealed): void {
  closeSync(fd);
  if (lean !== undefined) closeSync(lean);
}

function seal(bytes: Uint8Array): number {
  const fd = createMemfd('oci-runtime');
  try {
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
