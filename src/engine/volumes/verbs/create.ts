import { EngineError, messageOf, newId } from '../../../base/mod.ts';
import type { VolumeRecord } from '../../../store/mod.ts';
import { forget, lookUpKnown, newRecord, probe } from '../look-up.ts';
import { saying } from '../op-error.ts';
import type { VolumesContext } from '../volumes-context.ts';

/** Compat: Docker 23 and later mark the volumes so that were made without a name. */
const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';

export interface WantedVolume {
  /** Undefined makes one without a name. */
  name: string | undefined;
  /** '' = whoever has it, else `local`. */
  driver: string;
  labels: Record<string, string> | null;
  options: Record<string, string> | null;
  /** A container that is being made with it: it uses the volume from now on. */
  user?: string;
}

/**
 * Gives the volume of that name, made if it is not there; says whether it was. One that is there stays as it is, whatever
 * labels and options are asked for. `conflict` if another driver has it.
 */
export async function createVolume(
  context: VolumesContext,
  wanted: WantedVolume,
): Promise<{ record: VolumeRecord; made: boolean }> {
  const name = wanted.name ?? newId();
  using _lock = await context.locks.acquire(name);
  return await saying('create', name, async () => {
    const there = wanted.name === undefined ? undefined : await existing(context, name, wanted.driver);
    const record = there ?? (await make(context, name, wanted));
    if (wanted.user !== undefined) context.known.hold(name, wanted.user);
    if (!there) context.events.publish('volume', 'create', name, { driver: record.driver });
    return { record, made: !there };
  });
}

/** Compat: moby `checkConflict`, and for a volume that no driver was named for the search of all. */
async function existing(
  context: VolumesContext,
  name: string,
  driver: string,
): Promise<VolumeRecord | undefined> {
  const record = context.known.get(name);
  if (!record) return driver === '' ? (await probe(context, name))?.record : undefined;
  if (driver !== '') await context.drivers.find(driver);
  if (await isThere(context, record)) {
    if (driver === '' || driver === record.driver) return record;
    throw nameConflict(`driver '${record.driver}' already has volume '${name}'`);
  }
  if (context.known.usersOf(name).length > 0) {
    throw nameConflict(
      `found references to volume '${name}' in driver '${record.driver}' but the volume was not found in the driver -- you may need to remove containers referencing this volume or force remove the volume to re-create it`,
    );
  }
  await forget(context, record);
  return undefined;
}

async function isThere(context: VolumesContext, record: VolumeRecord): Promise<boolean> {
  if (record.driver === 'local') return true;
  try {
    return (await lookUpKnown(context, record)) !== undefined;
  } catch (error) {
    throw nameConflict(
      `found reference to volume '${record.name}' in driver '${record.driver}', but got an error while checking the driver: ${messageOf(error)}`,
    );
  }
}

function nameConflict(why: string): EngineError {
  return new EngineError('conflict', `${why}: volume name must be unique`);
}

async function make(context: VolumesContext, name: string, wanted: WantedVolume): Promise<VolumeRecord> {
  const { labels, options, user } = wanted;
  const driver = await context.drivers.find(wanted.driver || 'local');
  const named = newRecord({ name, driver: driver.name, labels, options });
  const record =
    wanted.name !== undefined
      ? named
      : {
          ...named,
          labels: { ...labels, [ANONYMOUS_LABEL]: '' },
          anonymous: true,
          ...(user !== undefined && { madeFor: user }),
        };
  if (driver.name === 'local') await driver.create(record);
  // Compat: one that a plugin has already is taken as it is.
  else if (!(await driver.get(name))) await driver.create(record);
  context.records.create(record);
  context.known.add(record);
  return record;
}
