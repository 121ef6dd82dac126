import {
  closeSync,
  constants,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ContainerId, newId, silentLogger } from '../base/mod.ts';
import type { HostConfig } from '../spec/docker/mod.ts';
import { readInto, readProcStat } from '../sys/mod.ts';
import { buildSpec } from './bundle/build-spec.ts';
import { exampleInput } from './bundle/example-input.ts';
import { gatherHostFacts } from './bundle/host-facts.ts';
import type { BundleInput } from './bundle/input.ts';
import { detectCgroups } from './cgroups/host.ts';
import { openRuntime, type RuntimeOptions } from './open-runtime.ts';
import type { ContainerExit, CreateRequest, Runtime, StdioPaths } from './runtime.ts';

const APPLETS = ['sh', 'true', 'sleep', 'cat', 'echo', 'tail', 'stty', 'tty', 'kill', 'wc', 'ls', 'id'];

/** A machine for tests: a root file system of busybox, an exec-root, a runtime that may be opened again and again. */
export class TestBench {
  readonly directory = mkdtempSync(join(tmpdir(), 'minke-rt-'));
  readonly execRoot = join(this.directory, 'run');
  readonly rootfs = join(this.directory, 'rootfs');
  readonly cgroupParent = `/minke-test-${process.pid}`;
  readonly #exits = new Map<string, PromiseWithResolvers<ContainerExit>>();
  runtime: Runtime;

  constructor(options: Partial<RuntimeOptions> = {}) {
    for (const name of ['bin', 'dev', 'proc', 'sys', 'etc', 'tmp']) {
      mkdirSync(join(this.rootfs, name), { recursive: true });
    }
    copyFileSync('/bin/busybox', join(this.rootfs, 'bin/busybox'));
    for (const name of APPLETS) symlinkSync('busybox', join(this.rootfs, 'bin', name));
    this.runtime = this.#make(options);
  }

  /** As a daemon that was killed and started again: a second runtime on the same exec-root. */
  async reopen(options: Partial<RuntimeOptions> = {}): Promise<void> {
    await this.runtime.close();
    this.#exits.clear();
    this.runtime = this.#make(options);
    await this.runtime.open();
  }

  get keeperPid(): number {
    const lock = join(this.execRoot, 'keeper.lock');
    return Number(readFileSync(lock, 'utf8'));
  }

  /** The exit of a container's only life. */
  exitOf(id: string): Promise<ContainerExit> {
    const exit = this.#exits.get(id) ?? Promise.withResolvers<ContainerExit>();
    this.#exits.set(id, exit);
    return exit.promise;
  }

  /** Makes stdio and creates; `output` reads what the container has said by now. */
  async create(
    args: string[],
    options: {
      id?: ContainerId;
      host?: Partial<HostConfig>;
      input?: Partial<BundleInput>;
      request?: Partial<CreateRequest>;
      signal?: AbortSignal;
    } = {},
  ): Promise<{ id: ContainerId; stdio: StdioPaths; output: () => string; dispose: () => void }> {
    const id = options.id ?? newId<ContainerId>();
    const { tty = false, openStdin = false } = options.request ?? {};
    const stdio = await this.runtime.prepareStdio(id, { tty, openStdin });
    const ends = tty
      ? []
      : [stdio.stdout, stdio.stderr].map((path) => openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
    const dispose = () => {
      for (const fd of ends.splice(0)) closeSync(fd);
    };
    const base = exampleInput(
      { NetworkMode: 'none', CgroupParent: this.cgroupParent, ...options.host },
      {
        id,
        args,
        rootfs: this.rootfs,
        netns: undefined,
        config: { Tty: tty },
        env: ['PATH=/bin'],
        ...options.input,
      },
    );
    const spec = buildSpec({ ...base, host: gatherHostFacts(base.hostConfig, detectCgroups()) });
    const defaults = {
      startNumber: 1,
      stdio,
      tty,
      openStdin,
      stdinOnce: false,
      consoleSize: [0, 0] as [number, number],
    };
    try {
      const signal = options.signal ? { signal: options.signal } : {};
      await this.runtime.create({ id, spec, ...defaults, ...options.request }, signal);
    } catch (error) {
      dispose();
      throw error;
    }
    return { id, stdio, output: () => ends.map(readAvailable).join(''), dispose };
  }

  /** A whole life: create, start, wait, read, delete. */
  async life(
    args: string[],
    options: Parameters<TestBench['create']>[1] = {},
  ): Promise<ContainerExit & { output: string }> {
    const { id, output, dispose } = await this.create(args, options);
    try {
      await this.runtime.start(id);
      const exit = await this.exitOf(id);
      const said = output();
      await this.runtime.delete(id);
      return { ...exit, output: said };
    } finally {
      dispose();
    }
  }

  /** What is left under the exec-root and in the cgroups, by name. */
  leftovers(): string[] {
    const under = (path: string) => {
      try {
        return readdirSync(path, { withFileTypes: true })
          .filter((entry) => entry.isDirectory() || !path.startsWith('/sys'))
          .map((entry) => join(path, entry.name));
      } catch {
        return [];
      }
    };
    const runtime = ['containers', 'exits', 'crun'].flatMap((name) => under(join(this.execRoot, name)));
    const cgroups = [...detectCgroups().hierarchies.values()].flatMap((mount) =>
      under(mount + this.cgroupParent),
    );
    return [...runtime, ...cgroups];
  }

  /** Also what a test that failed has left: a keeper never ends while it holds a container. */
  async close(): Promise<void> {
    const held = await this.runtime.list().catch(() => []);
    for (const { id } of held) await this.runtime.delete(id).catch(() => {});
    await this.runtime.close();
    const { keeperPid } = this;
    for (let i = 0; i < 100 && isAlive(keeperPid); i++) await sleep(50);
    rmSync(this.directory, { recursive: true, force: true });
    for (const mount of detectCgroups().hierarchies.values()) {
      try {
        rmdirSync(mount + this.cgroupParent);
      } catch {
        // Not made.
      }
    }
  }

  #make(options: Partial<RuntimeOptions>): Runtime {
    const runtime = openRuntime({ execRoot: this.execRoot, log: silentLogger, ...options });
    runtime.onExit((exit) => {
      void this.exitOf(exit.id);
      this.#exits.get(exit.id)?.resolve(exit);
    });
    return runtime;
  }
}

/** What can be read at once from a non-blocking descriptor. */
export function readAvailable(fd: number): string {
  const buffer = Buffer.alloc(64 * 1024);
  let text = '';
  for (let count = readInto(fd, buffer); count > 0; count = readInto(fd, buffer))
    text += buffer.toString('utf8', 0, count);
  return text;
}

/** Waits until `probe` gives something, for up to ten seconds. */
export async function eventually<T>(
  probe: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  for (let i = 0; i < 1_000; i++) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    await sleep(10);
  }
  throw new Error('it did not happen');
}

/** Whether it runs: one that has ended and is not reaped yet does not. */
export function isAlive(pid: number): boolean {
  const state = readProcStat(pid)?.state;
  return state !== undefined && state !== 'Z' && state !== 'X';
}
