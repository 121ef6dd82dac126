import { messageOf } from '../../../base/mod.ts';
import type { VolumeRecord } from '../../../store/mod.ts';
import { booleanFilter, checkFilterKeys, type Filters, matchesAny, matchesLabels } from '../../filters.ts';
import type { DriverVolume, VolumeDriver } from '../driver.ts';
import { opError } from '../op-error.ts';
import { showVolume } from '../show-volume.ts';
import type { Volume } from '../volumes.ts';
import type { VolumesContext } from '../volumes-context.ts';

interface Listed {
  volume: DriverVolume;
  driver: string;
  scope: 'local' | 'global';
  record: VolumeRecord | undefined;
}

/**
 * The volumes of all drivers. A plugin that does not answer soon costs a warning, and what is on record of it is shown.
 * Compat: moby `VolumeStore.Find`; of two with one name that which is on record.
 */
export async function listVolumes(
  context: VolumesContext,
  filters: Filters,
): Promise<{ volumes: Volume[]; warnings: string[] }> {
  checkFilterKeys(filters, ['dangling', 'driver', 'label', 'name']);
  const dangling = booleanFilter(filters, 'dangling');
  const drivers = filters.get('driver');
  const warnings: string[] = [];
  const plugins = await context.drivers.plugins();
  const found = new Set(['local', ...plugins.map(({ name }) => name)]);
  const gone = new Set(context.known.all().flatMap(({ driver }) => (found.has(driver) ? [] : [driver])));
  for (const driver of gone) warnings.push(`list ${driver}: plugin ${JSON.stringify(driver)} not found`);
  const listed = [
    ...['local', ...gone].flatMap((driver) => ofRecords(context, driver)),
    ...(await Promise.all(plugins.map((plugin) => ofPlugin(context, plugin, warnings)))).flat(),
  ];
  const volumes = listed
    .filter(({ volume: { name }, driver, record }) => {
      const known = context.known.get(name);
      return (
        (known === undefined || known.driver === driver) &&
        matchesAny(filters, 'name', name) &&
        matchesLabels(filters, record?.labels) &&
        (!drivers || drivers.size === 0 || drivers.has(driver)) &&
        (dangling === undefined || dangling === (context.known.usersOf(name).length === 0))
      );
    })
    .map(({ volume, driver, scope, record }) => showVolume({ volume, driver, scope, record }));
  return { volumes, warnings };
}

function ofRecords(context: VolumesContext, driver: string): Listed[] {
  return context.known
    .all()
    .filter((record) => record.driver === driver)
    .map((record) => ({
      volume: { name: record.name, mountpoint: context.mounts.pathOf(record), createdAt: record.createdAt },
      driver,
      scope: 'local' as const,
      record,
    }));
}

async function ofPlugin(
  context: VolumesContext,
  plugin: VolumeDriver,
  warnings: string[],
): Promise<Listed[]> {
  const driver = plugin.name;
  try {
    const [scope, volumes] = await context.drivers.ask(plugin, (one) =>
      Promise.all([one.scope(), one.list()]),
    );
    return volumes.map((volume) => {
      const known = context.known.get(volume.name);
      return { volume, driver, scope, record: known?.driver === driver ? known : undefined };
    });
  } catch (error) {
    warnings.push(messageOf(opError('list', driver, error)));
    return ofRecords(context, driver);
  }
}
