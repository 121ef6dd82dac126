import { basename, join } from 'node:path';
import type { CgroupDriver } from '../cgroups/host.ts';
import type { RuntimeCommand } from '../keeper/protocol.ts';
import { type RuntimeVersion, runtimeVersion } from './version.ts';

/** One OCI runtime of this machine, asked for its version when first needed. */
export class OciProgram {
  readonly #execRoot: string;
  readonly #driver: CgroupDriver;
  readonly #path: string;
  readonly #args: readonly string[];
  #version: Promise<RuntimeVersion> | undefined;

  /** `args`: more of them, before the verb. */
  constructor(execRoot: string, driver: CgroupDriver, path: string, args: readonly string[] = []) {
    this.#execRoot = execRoot;
    this.#driver = driver;
    this.#path = path;
    this.#args = args;
  }

  /** By its file's name; `version` asks the program itself. */
  get name(): string {
    return basename(this.#path);
  }

  async version(): Promise<RuntimeVersion> {
    this.#version ??= runtimeVersion(this.#path);
    try {
      return await this.#version;
    } catch (error) {
      // It may be installed a minute from now.
      this.#version = undefined;
      throw error;
    }
  }

  /** How the keeper is to call it. */
  async command(): Promise<RuntimeCommand> {
    const { name, path } = await this.version();
    const root = join(this.#execRoot, name);
    if (name === 'crun') {
      // Text, since what goes wrong in the last step before the program runs is said on the container's stderr.
      const args = ['--log-format', 'text', `--cgroup-manager=${this.#driver}`, ...this.#args];
      return { path, root, args, startByFifo: true };
    }
    const driver = this.#driver === 'systemd' ? ['--systemd-cgroup'] : [];
    return { path, root, args: ['--log-format', 'json', ...driver, ...this.#args], startByFifo: false };
  }
}
