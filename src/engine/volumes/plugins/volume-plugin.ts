import { EngineError } from '../../../base/mod.ts';
import { list, mapOf, object, optional, type Shape, shaped, text } from '../../../spec/shape.ts';
import type { DriverVolume, VolumeDriver } from '../driver.ts';
import { callPlugin, PluginUnreachable } from './plugin-client.ts';
import type { PluginAddress } from './plugin-places.ts';

/** Compat: moby `volume/drivers/proxy.go`. For tests they are shorter. */
const SHORT_MS = Number(process.env['MINKE_PLUGIN_TIMEOUT_MS'] ?? 60_000);
const LONG_MS = 2 * SHORT_MS;
const MOST_VOLUMES = 100_000;
/** Spec: PATH_MAX. */
const LONGEST_PATH = 4095;

const anything: Shape<unknown> = (value) => value;
const Err = optional(text);
const volumeAnswer = object({
  Name: text,
  Mountpoint: optional(text),
  CreatedAt: optional(text),
  Status: optional(mapOf(anything)),
});
const getAnswer = object({ Volume: optional(volumeAnswer), Err });
const listAnswer = object({ Volumes: optional(list(volumeAnswer, MOST_VOLUMES)), Err });
const pathAnswer = object({ Mountpoint: optional(text), Err });
const plainAnswer = object({ Err });
const capabilitiesAnswer = object({ Capabilities: optional(object({ Scope: optional(text) })), Err });

type Answer = { Err?: string };

/** The volumes of a plugin. Spec: Docker's volume plugin protocol. What it answers is checked, and nothing is waited for forever. */
export class VolumePlugin implements VolumeDriver {
  readonly name: string;
  readonly #address: () => PluginAddress;
  #scope: 'local' | 'global' | undefined;

  constructor(name: string, address: () => PluginAddress) {
    this.name = name;
    this.#address = address;
  }

  /** Compat: a plugin need not know this question. */
  async scope(): Promise<'local' | 'global'> {
    if (this.#scope) return this.#scope;
    try {
      const { Capabilities } = await this.#call('Capabilities', {}, capabilitiesAnswer, SHORT_MS);
      this.#scope = Capabilities?.Scope?.toLowerCase() === 'global' ? 'global' : 'local';
      return this.#scope;
    } catch {
      return 'local';
    }
  }

  async create({ name, options }: { name: string; options: Record<string, string> | null }): Promise<void> {
    await this.#call('Create', { Name: name, Opts: options }, plainAnswer, LONG_MS);
  }

  async remove(name: string): Promise<void> {
    await this.#call('Remove', { Name: name }, plainAnswer, SHORT_MS);
  }

  async get(name: string): Promise<DriverVolume | undefined> {
    try {
      const { Volume } = await this.#call('Get', { Name: name }, getAnswer, SHORT_MS);
      return Volume && shown(Volume);
    } catch (error) {
      // Compat: whatever else it says, it does not have it.
      if (error instanceof PluginUnreachable) throw error;
      return undefined;
    }
  }

  async list(): Promise<DriverVolume[]> {
    const { Volumes = [] } = await this.#call('List', {}, listAnswer, SHORT_MS);
    return Volumes.map(shown);
  }

  async mount(name: string, id: string): Promise<string> {
    const { Mountpoint = '' } = await this.#call('Mount', { Name: name, ID: id }, pathAnswer, LONG_MS);
    if (!isHostPath(Mountpoint)) {
      throw new EngineError('internal', `VolumeDriver.Mount: no path of a directory: ${quoted(Mountpoint)}`);
    }
    return Mountpoint;
  }

  async unmount(name: string, id: string): Promise<void> {
    await this.#call('Unmount', { Name: name, ID: id }, plainAnswer, SHORT_MS);
  }

  async #call<T extends Answer>(
    method: string,
    body: object,
    answer: Shape<T>,
    timeoutMs: number,
  ): Promise<T> {
    const name = `VolumeDriver.${method}`;
    const said = await callPlugin(this.#address(), name, body, { timeoutMs, retry: true });
    let checked: T;
    try {
      checked = shaped(answer, said);
    } catch (error) {
      throw new EngineError('internal', `${name}: the answer is none: ${String(error)}`, { cause: error });
    }
    if (checked.Err) throw new EngineError('internal', checked.Err);
    return checked;
  }
}

function shown({
  Name,
  Mountpoint = '',
  CreatedAt,
  Status,
}: {
  Name: string;
  Mountpoint?: string;
  CreatedAt?: string;
  Status?: Record<string, unknown>;
}): DriverVolume {
  const createdAt = CreatedAt === undefined ? Number.NaN : Date.parse(CreatedAt);
  return {
    name: Name,
    mountpoint: isHostPath(Mountpoint) ? Mountpoint : '',
    ...(!Number.isNaN(createdAt) && { createdAt: CreatedAt as string }),
    ...(Status && { status: Status }),
  };
}

/** An absolute path without `..` and of bytes that a path can have. */
function isHostPath(path: string): boolean {
  const parts = path.split('/');
  return (
    path.startsWith('/') &&
    Buffer.byteLength(path) <= LONGEST_PATH &&
    !path.includes('\0') &&
    !parts.includes('..') &&
    // The whole host is nobody's volume.
    parts.some((part) => part !== '' && part !== '.')
  );
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}
