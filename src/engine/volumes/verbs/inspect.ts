import { lookUp } from '../look-up.ts';
import { saying } from '../op-error.ts';
import { showVolume } from '../show-volume.ts';
import type { Volume } from '../volumes.ts';
import type { VolumesContext } from '../volumes-context.ts';
import { noSuchVolume } from './remove.ts';

/** A volume, asked of the driver that has it. `not-found` `get x: no such volume`. */
export async function inspectVolume(context: VolumesContext, name: string): Promise<Volume> {
  using _lock = await context.locks.acquire(name);
  const found = await saying('get', name, () => lookUp(context, name));
  if (!found) throw noSuchVolume(name);
  const { record, driver, volume } = found;
  const shown = showVolume({ volume, driver: driver.name, scope: await driver.scope(), record });
  return volume.status === undefined ? shown : { ...shown, Status: volume.status };
}
