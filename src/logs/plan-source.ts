import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { EngineError, messageOf } from '../base/mod.ts';
import { attributesOf, tagOf, wantsAbout } from './driver/about.ts';
import type { FileLimits } from './driver/file-options.ts';
import { type Driver, resolveDriver, senderOptions } from './driver/options.ts';
import type { SenderName } from './driver/sender-names.ts';
import { generations } from './files/generations.ts';
import { logPlace } from './log-place.ts';
import type { ContainerAbout, LogSource } from './logs.ts';
import type { SourceSpec } from './pump/protocol.ts';
import type { ShipSpec } from './ship/protocol.ts';

/** A receiver may be that far behind before its container waits, bytes. */
const HOLD = 1024 * 1024;

/** What the pump and, for a driver that sends, the background thread are told of a container. */
export async function planSource(
  source: LogSource,
  key: number,
  defaults: FileLimits,
): Promise<{ spec: SourceSpec; ship?: ShipSpec }> {
  const driver = resolveDriver(source.config, defaults);
  const spec: SourceSpec = {
    key,
    id: source.id,
    path: source.path,
    notePath: source.notePath,
    driver: { kind: 'none' },
  };
  if (source.stdio) spec.stdio = source.stdio;
  if (source.ptyMaster !== undefined) spec.ptyMaster = source.ptyMaster;
  if (driver.kind === 'none') return { spec };
  const place = logPlace(source, driver, source.notePath);
  if (!place) throw new EngineError('internal', `no place for the log of container ${source.id}`);
  spec.path = place.path;
  // Compat: moby makes the directory at the start of the logger.
  if (driver.place === 'local') mkdirSync(dirname(place.path), { recursive: true, mode: 0o700 });
  spec.driver = {
    kind: 'file',
    format: driver.format,
    ...driver.limits,
    hold: Number.POSITIVE_INFINITY,
  };
  if (driver.sender) {
    spec.driver.hold = await holdOf(driver, driver.sender, senderOptions(source.config));
    return { spec, ship: await planShip(source, spec, driver.sender, driver.buffer) };
  }
  const options = source.config.Config ?? {};
  if (source.about && wantsAbout(options)) {
    const attrs = attributesOf(options, source.about);
    // Compat: a file has a tag only if somebody asked for one.
    if (options['tag']) attrs['tag'] = await tagOf(options['tag'], source.about);
    spec.attrs = attrs;
  }
  return { spec };
}

async function planShip(
  source: LogSource,
  spec: SourceSpec,
  sender: SenderName,
  buffer: number | undefined,
): Promise<ShipSpec> {
  const { about } = source;
  if (!about) throw new EngineError('internal', `nothing is known of container ${source.id}`);
  const options = senderOptions(source.config);
  return {
    key: spec.key,
    driver: sender,
    context: {
      ...publicOf(about),
      options,
      attrs: attributesOf(options, about),
      tag: await tagOf(options['tag'], about),
      hostname: hostname(),
    },
    path: spec.path,
    format: 'local',
    cursorPath: join(dirname(source.notePath), 'sent'),
    resumed: source.resumed === true,
    ...(buffer === undefined ? {} : { buffer }),
  };
}

function publicOf(about: ContainerAbout) {
  const { id, name, imageId, imageName, created, path, args } = about;
  return { id, name, imageId, imageName, created, command: [path, ...args].join(' ') };
}

/** What is unsent must be in files that a rotation does not take away. */
async function holdOf(
  driver: Driver & { kind: 'file' },
  sender: SenderName,
  options: Record<string, string>,
): Promise<number> {
  if (driver.buffer !== undefined) return Number.POSITIVE_INFINITY;
  const room = driver.limits.maxSize / 2;
  if (sender !== 'fluentd') return Math.min(HOLD, room);
  const { fluentdOptions } = await import('./driver/fluentd/options.ts');
  const { async, bufferLimit } = fluentdOptions(options);
  return async ? Number.POSITIVE_INFINITY : Math.max(1, Math.min(bufferLimit, room));
}

/** Whether there are rotated files that were to be compressed when a daemon was killed. */
export function leftPlain(spec: SourceSpec): spec is SourceSpec & { driver: { kind: 'file' } } {
  if (spec.driver.kind === 'none' || !spec.driver.compress) return false;
  return generations(spec.path).some(({ generation, compressed }) => generation > 0 && !compressed);
}

/** Compat: the words that moby puts before what a driver says at a container's start. */
export function inDriver(cause: unknown): never {
  const message = `failed to create task for container: failed to initialize logging driver: ${messageOf(cause)}`;
  throw new EngineError('internal', message, { cause });
}
