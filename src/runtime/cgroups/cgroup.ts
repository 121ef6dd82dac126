import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError, errnoOf, messageOf } from '../../base/mod.ts';
import { killProcess } from '../../sys/mod.ts';
import type { LimitWrite } from './limit-writes.ts';

const SIGKILL = 9;
const DEADLINE_MS = 10_000;
const LONGEST_PAUSE_MS = 50;

/** One container's cgroup: the same path in each hierarchy. Files are read and written directly; no process is needed. */
export class Cgroup {
  readonly #directories: string[];

  constructor(directories: string[]) {
    this.#directories = directories;
  }

  /** How many processes the kernel killed because memory was short. Ask before `remove`. */
  oomKills(): number {
    // Spec: cgroup-v2 memory.events; cgroup-v1 memory.oom_control (kernel 4.13).
    for (const path of [
      ...this.#files('memory', 'memory.oom_control'),
      ...this.#files('', 'memory.events'),
    ]) {
      const count = /^oom_kill (\d+)$/m.exec(read(path) ?? '')?.[1];
      if (count !== undefined) return Number(count);
    }
    return 0;
  }

  /** Content of one of its files, in the hierarchy with that controller ('' on version 2); undefined if there is none. */
  read(controller: string, file: string): string | undefined {
    const [path] = this.#files(controller, file);
    return path === undefined ? undefined : read(path);
  }

  /** Its processes, with those of the cgroups that were made inside; those of a hierarchy that has all of them. */
  pids(): number[] {
    const [directory] = [...this.#directoriesOf('pids'), ...this.#directories];
    return directory === undefined ? [] : pidsOf(directory);
  }

  /** Whether its processes are stopped; undefined where it cannot be known. */
  isFrozen(): boolean | undefined {
    const state = this.#files('freezer', 'freezer.state').map(read)[0];
    if (state !== undefined) return state.trim() !== 'THAWED';
    const freeze = this.#files('', 'cgroup.freeze').map(read)[0];
    return freeze === undefined ? undefined : freeze.trim() === '1';
  }

  /** Stops or resumes all of its processes; resolves when it is so. */
  async setFrozen(frozen: boolean): Promise<void> {
    const [v1] = this.#files('freezer', 'freezer.state');
    const [path, write, done] =
      v1 !== undefined && read(v1) !== undefined
        ? [v1, frozen ? 'FROZEN' : 'THAWED', frozen ? 'FROZEN' : 'THAWED']
        : [this.#files('', 'cgroup.freeze')[0] ?? '', frozen ? '1' : '0', frozen ? '1' : '0'];
    writeFileSync(path, write);
    const deadline = performance.now() + DEADLINE_MS;
    for (let pause = 1; !this.#isFrozenAs(path, done); pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      if (performance.now() > deadline) {
        writeFileSync(path, frozen ? write.replace('FROZEN', 'THAWED').replace('1', '0') : write);
        throw new EngineError('timeout', `unable to ${frozen ? 'freeze' : 'thaw'}`);
      }
      // Spec: cgroup-v1 freezer: FREEZING may not end unless FROZEN is written again.
      writeFileSync(path, write);
      await sleep(pause);
    }
  }

  /** Lets go of what may be frozen, without waiting; for what is to die. */
  thaw(): void {
    for (const [path, value] of [
      [this.#files('freezer', 'freezer.state')[0], 'THAWED'],
      [this.#files('', 'cgroup.freeze')[0], '0'],
    ] as const) {
      if (path !== undefined && existsSync(path)) writeFileSync(path, value);
    }
  }

  /**
   * Changes limits: all, or none. Limits depend on one another (memory is never above memory plus swap), so what the
   * kernel refuses is tried once more after the others. Throws `internal` with the file that was refused.
   */
  writeLimits(limits: readonly LimitWrite[]): void {
    const before: { path: string; value: string }[] = [];
    const refused: { path: string; value: string; error: unknown }[] = [];
    for (const { path, value } of this.#existing(limits)) {
      before.push({ path, value: read(path)?.trim() ?? '' });
      const error = tryWrite(path, value);
      if (error) refused.push({ path, value, error });
    }
    const failed = refused.find(({ path, value }) => tryWrite(path, value));
    if (!failed) return;
    // Twice, for the same reason.
    for (const { path, value } of [...before, ...before]) tryWrite(path, value);
    const { path, value, error } = failed;
    throw new EngineError('internal', `failed to write "${value}": write ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }

  /** Where the writes go. A limit that this kernel has no file for is passed over, as the OCI runtime does. */
  #existing(limits: readonly LimitWrite[]): { path: string; value: string }[] {
    return limits.flatMap(({ controller, files, value }) => {
      const path = files.flatMap((file) => this.#files(controller, file)).find((each) => existsSync(each));
      return path === undefined ? [] : [{ path, value }];
    });
  }

  /** Kills what is left in it and removes it, with the cgroups that were made inside. Idempotent. */
  async remove(): Promise<void> {
    const deadline = performance.now() + DEADLINE_MS;
    for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      const left = this.#directories.filter((directory) => !removed(directory));
      if (left.length === 0) return;
      this.thaw();
      for (const directory of left) killTree(directory);
      if (performance.now() > deadline) {
        throw new EngineError('timeout', `cgroup ${left[0]} is still in use`);
      }
      await sleep(pause);
    }
  }

  #isFrozenAs(path: string, wanted: string): boolean {
    if (!path.endsWith('cgroup.freeze')) return read(path)?.trim() === wanted;
    return new RegExp(`^frozen ${wanted}$`, 'm').test(read(join(dirname(path), 'cgroup.events')) ?? '');
  }

  /** Paths of `file` in the hierarchy called `name` (v1), or in every one ('', for v2). */
  #files(name: string, file: string): string[] {
    return this.#directoriesOf(name).map((directory) => join(directory, file));
  }

  #directoriesOf(name: string): string[] {
    const suffix = this.#directories[0] === undefined ? '' : basename(this.#directories[0]);
    return this.#directories.filter(
      (directory) => suffix !== '' && (name === '' || hierarchyOf(directory).split(',').includes(name)),
    );
  }
}

/** `/sys/fs/cgroup/<hierarchy>/…` */
function hierarchyOf(directory: string): string {
  return directory.split('/')[4] ?? '';
}

function removed(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    return errnoOf(error) === 'ENOENT';
  }
}

/** Children first. What cannot be removed yet is tried again by the caller. */
function killTree(directory: string): void {
  for (const pid of processesIn(directory)) killProcess(pid, SIGKILL);
  for (const child of childrenOf(directory)) {
    killTree(child);
    removed(child);
  }
}

function pidsOf(directory: string): number[] {
  return [...processesIn(directory), ...childrenOf(directory).flatMap(pidsOf)];
}

/** Those of another pid namespace, which are 0, left out. */
function processesIn(directory: string): number[] {
  const lines = (read(join(directory, 'cgroup.procs')) ?? '').split('\n');
  return lines.filter((pid) => /^[1-9]\d*$/.test(pid)).map(Number);
}

function childrenOf(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(directory, entry.name));
  } catch {
    return [];
  }
}

/** The error, if there is one. */
function tryWrite(path: string, value: string): unknown {
  try {
    writeFileSync(path, value);
    return undefined;
  } catch (error) {
    return error;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
