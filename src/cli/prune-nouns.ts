import type { Filters } from '../client/mod.ts';
import type { Cli } from './cli.ts';
import { deletedList, type Pruned } from './prune-command.ts';

interface PruneOptions {
  all: boolean;
  filters: Filters;
}

export async function pruneContainers(cli: Cli, { filters }: PruneOptions): Promise<Pruned> {
  const { ContainersDeleted, SpaceReclaimed } = await cli.engine.containers.prune(filters);
  return { text: deletedList('Containers', ContainersDeleted ?? []), reclaimed: SpaceReclaimed };
}

export async function pruneNetworks(cli: Cli, { filters }: PruneOptions): Promise<Pruned> {
  const { NetworksDeleted } = await cli.engine.networks.prune(filters);
  return { text: deletedList('Networks', NetworksDeleted ?? []), reclaimed: undefined };
}

export async function pruneVolumes(cli: Cli, { all, filters }: PruneOptions): Promise<Pruned> {
  if (all && filters['all'])
    throw new Error('conflicting options: cannot specify both --all and --filter all=1');
  const wanted: Filters = all ? { ...filters, all: ['true'] } : filters;
  const { VolumesDeleted, SpaceReclaimed } = await cli.engine.volumes.prune(wanted);
  return { text: deletedList('Volumes', VolumesDeleted ?? []), reclaimed: SpaceReclaimed };
}

export async function pruneImages(cli: Cli, { all, filters }: PruneOptions): Promise<Pruned> {
  const dangling = [...(filters['dangling'] ?? []), String(!all)];
  const { ImagesDeleted, SpaceReclaimed } = await cli.engine.images.prune({ ...filters, dangling });
  const lines = (ImagesDeleted ?? []).map((item) =>
    'Untagged' in item ? `untagged: ${item.Untagged}` : `deleted: ${item.Deleted}`,
  );
  return { text: deletedList('Images', lines), reclaimed: lines.length > 0 ? SpaceReclaimed : 0 };
}

export async function pruneBuildCache(cli: Cli, { all, filters }: PruneOptions): Promise<Pruned> {
  const { CachesDeleted, SpaceReclaimed } = await cli.engine.system.pruneBuildCache({ all, filters });
  const lines = CachesDeleted ?? [];
  const text =
    lines.length === 0 ? '' : `Deleted build cache objects:\n${lines.map((line) => `${line}\n`).join('')}`;
  return { text, reclaimed: SpaceReclaimed };
}
