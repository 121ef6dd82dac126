import { nowNano, parseTime } from '../../../base/mod.ts';
import type { ContainerSummary, PortSummary } from '../../../spec/docker/mod.ts';
import type { ContainerRecord } from '../../../store/mod.ts';
import type { Container } from '../container.ts';
import type { ContainerListOptions } from '../containers.ts';
import type { ContainersContext } from '../context.ts';
import { mountPoint, stateOf } from '../inspect.ts';
import { isRunning } from '../life/status.ts';
import { shownNetworks } from '../networks/apply-sandbox.ts';
import { linkNames } from '../set-up/links.ts';
import { humanStatus } from './human-status.ts';
import { listFilter } from './list-filters.ts';

/** Rows of `docker ps`, newest first. Compat: moby `daemon/list.go`. */
export async function list(
  context: ContainersContext,
  options: ContainerListOptions,
): Promise<ContainerSummary[]> {
  const passes = listFilter(options.filters, {
    find: (ref) => context.directory.find(ref),
    imageAndDescendants: (ref) => context.images.withDescendants(ref),
  });
  const wantsAll =
    options.all || options.limit > 0 || ['status', 'exited'].some((key) => options.filters.has(key));
  const newestFirst = context.directory
    .all()
    .sort((a, b) => (b.record.created < a.record.created ? -1 : b.record.created > a.record.created ? 1 : 0));
  const chosen: Container[] = [];
  for (const container of newestFirst) {
    if (!wantsAll && !isRunning(container.status)) continue;
    if (!passes(container)) continue;
    chosen.push(container);
    if (options.limit > 0 && chosen.length === options.limit) break;
  }
  const imageName = imageNames(context);
  const rows = chosen.map((container) => summary(context, container, imageName));
  if (options.size) await Promise.all(chosen.map(({ id }, n) => addSizes(context, id, rows[n])));
  return rows;
}

/** How each image is called, looked up once: of a thousand containers most have the same few. */
function imageNames(context: ContainersContext): (record: ContainerRecord) => string {
  const known = new Map<string, string>();
  return ({ config: { Image: asked }, image }) => {
    const key = `${image} ${asked}`;
    const name = known.get(key) ?? context.images.nameFor(asked, image);
    known.set(key, name);
    return name;
  };
}

function summary(
  context: ContainersContext,
  container: Container,
  imageName: (record: ContainerRecord) => string,
): ContainerSummary {
  const { record } = container;
  const row: ContainerSummary = {
    Id: record.id,
    Names: [record.name, ...linkNames(context, container)],
    Image: imageName(record),
    ImageID: record.image,
    Command: commandLine(record),
    Created: Number((parseTime(record.created) ?? 0n) / 1_000_000_000n),
    Ports: portSummaries(record),
    Labels: record.config.Labels ?? {},
    State: container.status,
    Status: humanStatus(stateOf(container), nowNano()),
    HostConfig: { NetworkMode: record.hostConfig.NetworkMode },
    Health: healthSummary(record),
    NetworkSettings: { Networks: shownNetworks(record) },
    Mounts: Object.values(record.mountPoints).map(mountPoint),
  };
  if (record.hostConfig.Annotations) row.HostConfig.Annotations = record.hostConfig.Annotations;
  return row;
}

async function addSizes(
  context: ContainersContext,
  id: ContainerRecord['id'],
  row: ContainerSummary | undefined,
): Promise<void> {
  if (!row) return;
  const parent = context.layers.getMount(id)?.parent;
  const own = await context.layers.mountSize(id);
  const all = own + (parent ? context.layers.chainSize(parent) : 0);
  // Compat: a size of 0 is left out.
  if (own > 0) row.SizeRw = own;
  if (all > 0) row.SizeRootFs = all;
}

function healthSummary({ state: { health } }: ContainerRecord): NonNullable<ContainerSummary['Health']> {
  const { Status, FailingStreak } = health ?? { Status: 'none' as const, FailingStreak: 0 };
  return { Status, FailingStreak };
}

/** Compat: arguments with white space are quoted. */
function commandLine({ path, args }: ContainerRecord): string {
  const quoted = args.map((arg) => (arg.includes(' ') ? `'${arg}'` : arg));
  return [path, ...quoted].join(' ');
}

function portSummaries({ ports }: ContainerRecord): PortSummary[] {
  const rows: PortSummary[] = [];
  for (const [port, bindings] of Object.entries(ports)) {
    const [number = '', type = 'tcp'] = port.split('/');
    if (!bindings || bindings.length === 0) rows.push({ PrivatePort: Number(number), Type: type });
    for (const { HostIp, HostPort } of bindings ?? []) {
      rows.push({ IP: HostIp, PrivatePort: Number(number), PublicPort: Number(HostPort), Type: type });
    }
  }
  return rows;
}
