import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../test/fixtures/machine.ts';

const CGROUPS = '/sys/fs/cgroup';

/**
 * A cgroup that a command and all its descendants are counted in, also those that ended and those that double-forked
 * away from their parent (containerd's shims, podman's conmon).
 */
export class CpuGroup {
  readonly name: string;
  readonly #folder: string;
  readonly #v1 = !existsSync(join(CGROUPS, 'cgroup.controllers'));

  constructor(name: string) {
    this.name = name;
    this.#folder = join(CGROUPS, this.#v1 ? 'cpuacct' : '', name);
    mkdirSync(this.#folder, { recursive: true });
  }

  /** Words to put before a command so that it runs in here. */
  get prefix(): string[] {
    return ['sh', '-c', `echo $$ > ${this.#folder}/cgroup.procs && exec "$@"`, 'sh'];
  }

  /** CPU seconds used in here so far. */
  seconds(): number {
    const { user, kernel } = this.used();
    return user + kernel;
  }

  /** The same, the kernel's part apart. */
  used(): { user: number; kernel: number } {
    if (this.#v1) {
      const read = (name: string) =>
        Number(readFileSync(join(this.#folder, `cpuacct.${name}`), 'utf8')) / 1e9;
      return { user: read('usage_user'), kernel: read('usage_sys') };
    }
    const stat = readFileSync(join(this.#folder, 'cpu.stat'), 'utf8');
    const read = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0) / 1e6;
    return { user: read('user_usec'), kernel: read('system_usec') };
  }

  /** Processes in here, and in groups below. */
  pids(folder = this.#folder): number[] {
    const own = readFileSync(join(folder, 'cgroup.procs'), 'utf8')
      .trim()
      .split('\n')
      .filter(Boolean)
      .map(Number);
    const inner = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [...own, ...inner.flatMap((entry) => this.pids(join(folder, entry.name)))];
  }

  /** Processes of the engine alone: containers have a group below, see `runFlags`. */
  enginePids(): number[] {
    const containers = join(this.#folder, 'containers');
    const theirs = new Set(existsSync(containers) ? this.pids(containers) : []);
    return this.pids().filter((pid) => !theirs.has(pid));
  }

  /** Moves what still runs out, so that the group can go; also where the containers' own parents have made it. */
  remove(): void {
    removeGroups((name) => name === this.name);
  }
}

/** Takes away the groups of benches that were killed. A group's name ends with the process id of its bench. */
export function removeStaleGroups(): void {
  removeGroups((name) => {
    const owner = /^minke-bench-\w+-(\d+)$/.exec(name)?.[1];
    return owner !== undefined && !isAlive(Number(owner));
  });
}

/** In each hierarchy: the OCI runtime makes a container's cgroup, and its parents, in all of them. */
function removeGroups(isWanted: (name: string) => boolean): void {
  const roots = existsSync(join(CGROUPS, 'cgroup.controllers')) ? [''] : readdirSync(CGROUPS);
  for (const root of roots.map((name) => join(CGROUPS, name))) {
    for (const name of foldersIn(root).filter(isWanted)) removeGroup(join(root, name), root);
  }
}

function removeGroup(folder: string, root: string): void {
  for (const name of foldersIn(folder)) removeGroup(join(folder, name), root);
  for (const pid of readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean)) {
    writeFileSync(join(root, 'cgroup.procs'), pid);
  }
  rmdirSync(folder);
}

function foldersIn(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** Resident and proportional memory of some processes, in MB. */
export function memoryOf(pids: readonly number[]): { rss: number; pss: number } {
  const sum = { rss: 0, pss: 0 };
  for (const pid of pids) {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    sum.rss += Number(/^Rss: +(\d+)/m.exec(text)?.[1] ?? 0) / 1024;
    sum.pss += Number(/^Pss: +(\d+)/m.exec(text)?.[1] ?? 0) / 1024;
  }
  return sum;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? Number.NaN) + high) / 2;
}

/** The value below which so many of a hundred lie. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}

/** A Markdown table; the first column is text, the others are figures. */
export function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_cell, at) => (at === 0 ? '---' : '---:'))), ...rows.map(line)].join(
    '\n',
  );
}
