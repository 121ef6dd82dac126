import { existsSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { EngineError } from '../../base/mod.ts';
import { run } from '../../sys/mod.ts';
import type { CgroupDriver } from '../cgroups/host.ts';
import type { RuntimeCommand } from '../keeper/protocol.ts';
import { type RuntimeVersion, runtimeVersion } from './version.ts';

const USUAL_PLACES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The OCI runtime of this machine, found when first needed. */
export class OciProgram {
  readonly #execRoot: string;
  readonly #driver: CgroupDriver;
  readonly #asked: string | undefined;
  #version: Promise<RuntimeVersion> | undefined;

  /** `path`: crun or else runc of PATH, unless given. */
  constructor(execRoot: string, driver: CgroupDriver, path: string | undefined) {
    this.#execRoot = execRoot;
    this.#driver = driver;
    this.#asked = path;
  }

  /** By its file's name; `version` asks the program itself. */
  get name(): string {
    return basename(this.#asked ?? findRuntime());
  }

  async version(): Promise<RuntimeVersion> {
    this.#version ??= runtimeVersion(this.#asked ?? findRuntime());
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
      const args = ['--log-format', 'text', `--cgroup-manager=${this.#driver}`];
      return { path, root, args, startByFifo: true };
    }
    const args = ['--log-format', 'json', ...(this.#driver === 'systemd' ? ['--systemd-cgroup'] : [])];
    return { path, root, args, startByFifo: false };
  }

  /** Lets the runtime itself remove its state, where we do not know how it keeps it. */
  async deleteState(id: string): Promise<void> {
    const { path, root, args, startByFifo } = await this.command();
    if (!startByFifo) await run([path, '--root', root, ...args, 'delete', '--force', id]);
  }
}

function findRuntime(): string {
  const places = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean).concat(USUAL_PLACES);
  for (const name of ['crun', 'runc']) {
    for (const place of places) if (existsSync(join(place, name))) return join(place, name);
  }
  throw new EngineError('unavailable', 'no OCI runtime found: install crun or runc');
}
