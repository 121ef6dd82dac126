import { EngineError } from '../../base/mod.ts';
import type { VolumeDriver } from './driver.ts';

/** How long an answer is waited for that is asked of everybody. */
const SOON_MS = 3_000;
/** And for how long who did not answer in time is not asked again. */
const REST_MS = 30_000;

/** Where drivers that are not our own come from. */
export interface VolumePlugins {
  /** By name. `not-found` `plugin "x" not found`. */
  find(name: string): Promise<VolumeDriver>;
  /** Those that can be found, and are there. Does not wait for long. */
  all(): Promise<VolumeDriver[]>;
}

/** The drivers of volumes: `local`, and the plugins that are found when they are asked for. */
export class VolumeDrivers {
  readonly #local: VolumeDriver;
  readonly #plugins: VolumePlugins;
  readonly #hanging = new Map<string, number>();

  constructor(local: VolumeDriver, plugins: VolumePlugins) {
    this.#local = local;
    this.#plugins = plugins;
  }

  async find(name: string): Promise<VolumeDriver> {
    if (name === this.#local.name) return this.#local;
    try {
      return await this.#plugins.find(name);
    } catch (error) {
      const code = error instanceof EngineError ? error.code : 'internal';
      const why = error instanceof Error ? error.message : String(error);
      throw new EngineError(code, `error looking up volume plugin ${name}: ${why}`, { cause: error });
    }
  }

  async plugins(): Promise<VolumeDriver[]> {
    return await this.#plugins.all();
  }

  /**
   * Asks one of many that are asked: one that hangs costs a moment once, and then nothing for a while. Compat: Docker
   * waits for each, a minute. `timeout`.
   */
  async ask<T>(driver: VolumeDriver, question: (driver: VolumeDriver) => Promise<T>): Promise<T> {
    const { name } = driver;
    const late = new EngineError('timeout', `volume plugin ${name} does not answer`);
    if ((this.#hanging.get(name) ?? 0) > performance.now()) throw late;
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      this.#hanging.set(name, performance.now() + REST_MS);
      reject(late);
    }, SOON_MS);
    const answer = question(driver);
    answer.catch(() => {});
    try {
      const answered = await Promise.race([answer, promise]);
      this.#hanging.delete(name);
      return answered;
    } finally {
      clearTimeout(timer);
    }
  }
}
