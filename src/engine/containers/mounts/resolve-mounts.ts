import { mkdirSync, realpathSync, statSync } from 'node:fs';
import { EngineError, errnoOf } from '../../../base/mod.ts';
import type { ResolvedMount } from '../../../runtime/mod.ts';
import type { ChainId } from '../../../spec/digest.ts';
import type { HostConfig, MountRequest } from '../../../spec/docker/mod.ts';
import { type Owner, outsideOwner } from '../../../spec/id-map.ts';
import type { MountPointRecord, ResolvedUser } from '../../../store/mod.ts';
import { propagationAt } from '../../../store/mod.ts';
import { mountRestrictions } from '../../../sys/mod.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { mapOf } from '../set-up/user-namespace.ts';
import { ownerMap } from './owner-map.ts';

/** Whose mounts, and the id under which what must be prepared for them lies (`PreparedMounts`). */
type Subject = Pick<Container, 'id' | 'record'>;

/** A container's mounts as the OCI runtime takes them, shallow destinations first, so that none hides another. */
export async function resolveMounts(
  context: ContainersContext,
  container: Subject,
  user: ResolvedUser,
  { signal }: { signal?: AbortSignal } = {},
): Promise<ResolvedMount[]> {
  const points = Object.values(container.record.mountPoints).sort(byDepth);
  const mounts: ResolvedMount[] = [];
  for (const point of points) mounts.push(await resolve(context, container, point, { user, signal }));
  return mounts;
}

function byDepth(a: MountPointRecord, b: MountPointRecord): number {
  return a.Destination.split('/').length - b.Destination.split('/').length;
}

async function resolve(
  context: ContainersContext,
  container: Subject,
  point: MountPointRecord,
  { user, signal }: { user: ResolvedUser; signal: AbortSignal | undefined },
): Promise<ResolvedMount> {
  switch (point.Type) {
    case 'tmpfs':
      return tmpfs(point);
    case 'image':
      return image(context, container, point);
    case 'volume':
      return await volume(context, container, point, signal);
    case 'bind':
      return await bind(context, container, point, user);
  }
}

function tmpfs({ Destination: destination, RW: writable, Spec }: MountPointRecord): ResolvedMount {
  const asked = (Spec as MountRequest | undefined)?.TmpfsOptions ?? {};
  const words = (asked.Options ?? []).map((option) => option.join('='));
  const options = [
    'nosuid',
    'nodev',
    words.includes('exec') ? 'exec' : 'noexec',
    ...(writable ? [] : ['ro']),
  ];
  if (asked.SizeBytes) options.push(`size=${asked.SizeBytes}`);
  if (asked.Mode) options.push(`mode=${asked.Mode.toString(8)}`);
  return { type: 'tmpfs', source: 'tmpfs', destination, options };
}

function image(context: ContainersContext, { id, record }: Subject, point: MountPointRecord): ResolvedMount {
  const { ImageOptions, chainId } = (point.Spec ?? {}) as Partial<MountRequest> & { chainId?: ChainId };
  if (chainId === undefined) throw new EngineError('not-found', `No such image: ${point.Name}`);
  const source = context.prepared.image(id, chainId, ImageOptions?.Subpath ?? '', {
    mapped: mapOf(context, record.hostConfig) !== undefined,
  });
  return { type: 'bind', source, destination: point.Destination, options: ['rbind', 'ro', 'rprivate'] };
}

async function volume(
  context: ContainersContext,
  { id }: Subject,
  point: MountPointRecord,
  signal: AbortSignal | undefined,
): Promise<ResolvedMount> {
  const whole = await context.volumes.mount(point.Name, id, signal ? { signal } : {});
  // What is shown of it, and kept: a plugin says only now where it is.
  point.Source = whole;
  const subpath = (point.Spec as Partial<MountRequest> | undefined)?.VolumeOptions?.Subpath;
  const source = subpath ? await context.prepared.within(id, whole, subpath) : whole;
  const access = point.RW ? await context.volumes.restrictions(point.Name, whole) : ['rro'];
  const mount = {
    type: 'bind',
    source,
    destination: point.Destination,
    options: ['rbind', ...access, 'rprivate'],
  };
  return subpath ? mount : { ...mount, kind: 'directory' };
}

async function bind(
  context: ContainersContext,
  { id, record }: Subject,
  point: MountPointRecord,
  user: ResolvedUser,
): Promise<ResolvedMount> {
  ensureSource(point);
  const propagation = propagationOf(point);
  const recursive = bindOptions(point).NonRecursive !== true;
  const access = [
    ...(point.RW ? [] : [isReadOnlyFlat(point) ? 'ro' : 'rro']),
    // Compat: what the host's mount forbids stays so; crun would mount it anew without.
    ...mountRestrictions(point.Source).filter((word) => point.RW || word !== 'ro'),
  ];
  // Compat: crun takes the `r` of `rprivate` for that of `rbind`; nothing is below that it could mean.
  const options = recursive
    ? ['rbind', ...access, propagation]
    : ['bind', ...access, propagation.replace(/^r/, '')];
  return {
    type: 'bind',
    source: isMapped(point)
      ? await mapOwners(context, id, point.Source, hostOwner(context, record.hostConfig, user), recursive)
      : point.Source,
    destination: point.Destination,
    options,
  };
}

function isMapped({ Relabel }: MountPointRecord): boolean {
  return (Relabel ?? '').split(',').includes('idmap');
}

/** What belongs to the owner of the source shows as the container's user's. */
async function mapOwners(
  context: ContainersContext,
  id: string,
  source: string,
  user: Owner,
  recursive: boolean,
): Promise<string> {
  const map = ownerMap(statSync(source), user);
  return map ? await context.prepared.mapped(id, source, map, { recursive }) : source;
}

function hostOwner(context: ContainersContext, hostConfig: HostConfig, user: Owner): Owner {
  const map = mapOf(context, hostConfig);
  return map ? outsideOwner(map, user) : user;
}

function bindOptions(point: MountPointRecord): NonNullable<MountRequest['BindOptions']> {
  return (point.Spec?.['BindOptions'] as MountRequest['BindOptions']) ?? {};
}

/** Compat: read-only is recursive unless the mount, or a client below API 1.44, says otherwise. */
function isReadOnlyFlat(point: MountPointRecord): boolean {
  const { ReadOnlyNonRecursive, NonRecursive } = bindOptions(point);
  return (
    ReadOnlyNonRecursive === true || NonRecursive === true || point.Spec?.['readOnlyNonRecursive'] === true
  );
}

/**
 * Compat: moby `ensureShared`, `ensureSharedOrSlave`: what is to spread must lie on a mount that does. Reads all mounts,
 * so only where it was asked for, or set since the data-root is near.
 */
function propagationOf(point: MountPointRecord): string {
  const { Source: source, Propagation: propagation = '' } = point;
  if (!/shared|slave/.test(propagation)) return propagation || 'rprivate';
  const { point: mount, propagation: own } = propagationAt(realpathSync(source));
  const wanted = propagation.includes('shared') ? ['shared'] : ['shared', 'slave'];
  if (wanted.includes(own)) return propagation;
  if (!isAsked(point)) return 'rprivate';
  throw new EngineError(
    'invalid',
    `path ${source} is mounted on ${mount} but it is not a ${wanted.join(' or ')} mount`,
  );
}

function isAsked(point: MountPointRecord): boolean {
  return /shared|slave/.test(point.Relabel ?? '') || Boolean(bindOptions(point).Propagation);
}

/** Compat: `-v` makes a missing source a directory of root; `--mount` does not. */
function ensureSource(point: MountPointRecord): void {
  if (point.SkipMountpointCreation) return;
  try {
    mkdirSync(point.Source, { recursive: true, mode: 0o755 });
  } catch (error) {
    // It is there, and a file.
    if (errnoOf(error) === 'EEXIST') return;
    throw new EngineError(
      'internal',
      `error while creating mount source path '${point.Source}': mkdir ${point.Source}: ${errnoOf(error) ?? ''}`,
      { cause: error },
    );
  }
}
