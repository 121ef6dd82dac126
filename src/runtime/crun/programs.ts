import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { EngineError } from '../../base/mod.ts';
import type { CgroupDriver } from '../cgroups/host.ts';
import type { RuntimeCommand } from '../keeper/protocol.ts';
import { OciProgram } from './program.ts';

/** An OCI runtime as daemon.json names one. */
export interface NamedRuntime {
  /** A path, or a name that is looked for in PATH. */
  path: string;
  args: readonly string[];
}

export interface ProgramOptions {
  execRoot: string;
  driver: CgroupDriver;
  /** The program of the default runtime, whatever its name. */
  path: string | undefined;
  /** Name of the default one; crun, or else runc, unless given. */
  defaultName?: string | undefined;
  named?: Readonly<Record<string, NamedRuntime>> | undefined;
}

/** Found by themselves where they are installed, the default first. */
const KNOWN = ['crun', 'runc'];
/** Compat: containerd's name for what runs runc. */
const SHIM = 'io.containerd.runc.v2';
const USUAL_PLACES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The OCI runtimes of this machine: those that daemon.json names, and crun and runc where they are installed. */
export class OciPrograms {
  readonly #options: ProgramOptions;
  readonly #programs = new Map<string, OciProgram>();
  #default: OciProgram | undefined;
  #defaultName: string | undefined;

  constructor(options: ProgramOptions) {
    this.#options = options;
  }

  /** Throws `unavailable` while there is none. */
  get default(): OciProgram {
    this.#default ??= this.#findDefault();
    return this.#default;
  }

  /** Found once: each start of a container asks, and PATH is long on some machines. */
  get defaultName(): string {
    const { defaultName, path } = this.#options;
    this.#defaultName ??= defaultName ?? (path === undefined ? nameOfFirst() : this.default.name);
    return this.#defaultName;
  }

  /** The runtime of that name; '' is the default one. Undefined if there is none. */
  find(name: string): OciProgram | undefined {
    if (name === '' || name === this.defaultName) return this.default;
    const known = this.#programs.get(name);
    if (known) return known;
    const found = this.#named(name);
    if (found) this.#programs.set(name, found);
    return found;
  }

  /** All that containers may ask for, with what is run for them. */
  list(): Record<string, NamedRuntime> {
    const own = KNOWN.flatMap((name) => {
      const path = lookUp(name);
      return path === undefined ? [] : [[name, { path, args: [] }] as const];
    });
    return { ...Object.fromEntries(own), ...this.#options.named };
  }

  /**
   * How the container of this bundle was created, whatever is the default by now; the default one where it was not
   * created yet.
   */
  async commandOf(bundle: string): Promise<RuntimeCommand> {
    try {
      const held = JSON.parse(readFileSync(join(bundle, 'held.json'), 'utf8')) as {
        runtime?: RuntimeCommand;
      };
      if (held.runtime) return held.runtime;
    } catch {
      // A create that did not come so far.
    }
    return await this.default.command();
  }

  /**
   * Of all that this process has used: the state of a container whose runtime is not known lies with one of them. One
   * that is gone by now, or cannot even say its version, has none.
   */
  async used(): Promise<RuntimeCommand[]> {
    const programs = [() => this.default, ...[...this.#programs.values()].map((program) => () => program)];
    const asked = await Promise.allSettled(programs.map(async (program) => await program().command()));
    return asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  }

  #findDefault(): OciProgram {
    const { path, defaultName } = this.#options;
    if (path !== undefined) return this.#program(path, []);
    if (defaultName === undefined) return this.#program(lookUp(nameOfFirst()) ?? '', []);
    const program = this.#named(defaultName);
    if (program) return program;
    throw new EngineError('unavailable', `specified default runtime '${defaultName}' does not exist`);
  }

  #named(name: string): OciProgram | undefined {
    const named = this.#options.named?.[name];
    if (named) return this.#program(lookUp(named.path) ?? named.path, named.args);
    const own = name === SHIM ? 'runc' : name;
    const path = KNOWN.includes(own) ? lookUp(own) : undefined;
    return path === undefined ? undefined : this.#program(path, []);
  }

  #program(path: string, args: readonly string[]): OciProgram {
    return new OciProgram(this.#options.execRoot, this.#options.driver, path, args);
  }
}

function nameOfFirst(): string {
  const name = KNOWN.find((one) => lookUp(one) !== undefined);
  if (name === undefined) throw new EngineError('unavailable', 'no OCI runtime found: install crun or runc');
  return name;
}

function lookUp(program: string): string | undefined {
  if (program.includes('/')) return program;
  const places = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean).concat(USUAL_PLACES);
  return places.map((place) => join(place, program)).find((path) => existsSync(path));
}
