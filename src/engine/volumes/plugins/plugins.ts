import { EngineError, KeyedLock, type Logger, messageOf } from '../../../base/mod.ts';
import { list, object, optional, shaped, text } from '../../../spec/shape.ts';
import type { VolumeDriver } from '../driver.ts';
import type { VolumePlugins } from '../volume-drivers.ts';
import { callPlugin, PluginUnreachable } from './plugin-client.ts';
import type { PluginAddress, PluginPlaces } from './plugin-places.ts';
import { VolumePlugin } from './volume-plugin.ts';

const CAPABILITY = 'VolumeDriver';
/** For who looks for all that there are: one that hangs is left out. */
const SOON_MS = 2_000;
const ACTIVATE_MS = 30_000;

const manifest = object({ Implements: optional(list(text, 100)) });

/**
 * Plugins that are processes of their own and are spoken to at a socket (Docker's *legacy* plugins). One is activated when
 * it is first asked for, and forgotten when that fails; where it is, is looked up each time it is asked for.
 */
export class Plugins implements VolumePlugins {
  readonly #places: PluginPlaces;
  readonly #log: Logger;
  readonly #locks = new KeyedLock();
  readonly #active = new Map<string, VolumePlugin>();
  /** Those that did not answer to whoever looked for all, and when they may be asked again. */
  readonly #silent = new Map<string, number>();

  constructor(places: PluginPlaces, log: Logger) {
    this.#places = places;
    this.#log = log;
  }

  async find(name: string): Promise<VolumeDriver> {
    return this.#active.get(name) ?? (await this.#activate(name, { timeoutMs: ACTIVATE_MS, retry: true }));
  }

  async all(): Promise<VolumeDriver[]> {
    const names = new Set([...this.#active.keys(), ...this.#places.names()]);
    const found = await Promise.all([...names].map((name) => this.#quickly(name)));
    return found.flatMap((plugin) => plugin ?? []);
  }

  async #quickly(name: string): Promise<VolumePlugin | undefined> {
    const active = this.#active.get(name);
    if (active && this.#isFound(name)) return active;
    this.#active.delete(name);
    if ((this.#silent.get(name) ?? 0) > performance.now()) return undefined;
    try {
      return await this.#activate(name, { timeoutMs: SOON_MS, retry: false });
    } catch (error) {
      if (error instanceof PluginUnreachable) this.#silent.set(name, performance.now() + ACTIVATE_MS);
      this.#log.debug('a plugin is left out', { name, error: messageOf(error) });
      return undefined;
    }
  }

  #isFound(name: string): boolean {
    try {
      return this.#places.find(name) !== undefined;
    } catch {
      return false;
    }
  }

  async #activate(name: string, options: { timeoutMs: number; retry: boolean }): Promise<VolumePlugin> {
    // Race: who looks for all does not wait for who waits for this one.
    using _lock = options.retry ? await this.#locks.acquire(name) : undefined;
    const active = this.#active.get(name);
    if (active) return active;
    const implemented = await this.#handshake(this.#address(name), options);
    if (!implemented.includes(CAPABILITY)) {
      throw legacy(new Error('plugin does not implement the requested driver'));
    }
    const plugin = new VolumePlugin(name, () => this.#address(name));
    this.#active.set(name, plugin);
    this.#silent.delete(name);
    return plugin;
  }

  #address(name: string): PluginAddress {
    let address: PluginAddress | undefined;
    try {
      address = this.#places.find(name);
    } catch (error) {
      throw legacy(error);
    }
    if (!address) throw new EngineError('not-found', `plugin ${JSON.stringify(name)} not found`);
    return address;
  }

  async #handshake(
    address: PluginAddress,
    options: { timeoutMs: number; retry: boolean },
  ): Promise<string[]> {
    try {
      const answer = await callPlugin(address, 'Plugin.Activate', undefined, options);
      return shaped(manifest, answer).Implements ?? [];
    } catch (error) {
      throw error instanceof PluginUnreachable ? error : legacy(error);
    }
  }
}

/** Compat: moby `plugin/store.go`: so are all others called than *not found*. */
function legacy(error: unknown): EngineError {
  return new EngineError('internal', `legacy plugin: ${messageOf(error)}`, { cause: error });
}
