import { EngineError, formatTime, messageOf, nowNano } from '../../base/mod.ts';
import type { VolumeRecord } from '../../store/mod.ts';
import type { DriverVolume, VolumeDriver } from './driver.ts';
import type { VolumesContext } from './volumes-context.ts';

/** A volume that its driver has. */
export interface FoundVolume {
  record: VolumeRecord;
  driver: VolumeDriver;
  volume: DriverVolume;
}

/**
 * Looks a volume up: in the driver that is known to have it, else in each. For who holds the volume's lock. One that its
 * driver no longer has is forgotten. Undefined if nobody has it. Compat: moby `VolumeStore.getVolume`.
 */
export async function lookUp(context: VolumesContext, name: string): Promise<FoundVolume | undefined> {
  const record = context.known.get(name);
  if (!record) return await probe(context, name);
  const found = await lookUpKnown(context, record);
  if (!found) await forget(context, record);
  return found;
}

/** The same for a volume with a record, which stays whatever the driver says. Throws if that cannot be asked. */
export async function lookUpKnown(
  context: VolumesContext,
  record: VolumeRecord,
): Promise<FoundVolume | undefined> {
  const { name, driver: driverName } = record;
  try {
    const driver = await context.drivers.find(driverName);
    const volume = await driver.get(name);
    return volume && { record, driver, volume };
  } catch (error) {
    const why = `error while checking if volume ${JSON.stringify(name)} exists in driver ${JSON.stringify(driverName)}: ${messageOf(error)}`;
    throw new EngineError(error instanceof EngineError ? error.code : 'internal', why, { cause: error });
  }
}

/** What is on record of a volume goes; its files, if there are any, are its driver's. */
export async function forget(context: VolumesContext, record: VolumeRecord): Promise<void> {
  context.known.delete(record.name);
  await context.records.remove(record);
}

/** Whoever made it, a plugin may have it. It is on record from then on. */
export async function probe(context: VolumesContext, name: string): Promise<FoundVolume | undefined> {
  for (const driver of await context.drivers.plugins()) {
    const volume = await context.drivers.ask(driver, (one) => one.get(name)).catch(() => undefined);
    if (!volume) continue;
    const record = newRecord({ name, driver: driver.name, labels: null, options: null });
    context.records.create(record);
    context.known.add(record);
    return { record, driver, volume };
  }
  return undefined;
}

/** A record that begins now. */
export function newRecord(
  volume: Pick<VolumeRecord, 'name' | 'driver' | 'labels' | 'options'>,
): VolumeRecord {
  return { ...volume, createdAt: formatTime(nowNano()).replace(/\.\d+Z$/, 'Z'), anonymous: false };
}
