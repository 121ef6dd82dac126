import { mkdirSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { EngineError, errnoOf } from '../../base/mod.ts';
import type { Sandbox } from '../../net/mod.ts';
import {
  type BundleInput,
  buildSpec,
  containerEnv,
  gatherHostFacts,
  type ResolvedMount,
} from '../../runtime/mod.ts';
import type { MountRequest } from '../../spec/docker/mod.ts';
import type { RuntimeSpec } from '../../spec/oci/runtime.ts';
import type { ContainerRecord, MountPointRecord } from '../../store/mod.ts';
import type { Container } from './container.ts';
import { writeContainerFiles } from './container-files.ts';
import type { ContainersContext } from './context.ts';
import { checkDeviceRequests } from './device-requests.ts';
import { requireInit } from './init-program.ts';
import { parseNetworkMode } from './network-mode.ts';
import { isRunning } from './status.ts';
import { checkTmpfsOptions } from './tmpfs-options.ts';

/** Makes what a start needs on disk and gives the OCI configuration of it. */
export async function bundleSpec(
  context: ContainersContext,
  container: Container,
  rootfs: string,
  sandbox: Sandbox | undefined,
): Promise<RuntimeSpec> {
  const { record } = container;
  const { config, hostConfig } = record;
  checkDeviceRequests(hostConfig.DeviceRequests);
  for (const options of Object.values(hostConfig.Tmpfs ?? {})) checkTmpfsOptions(options);
  const user = await context.rootfs.lookupUser(rootfs, config.User, hostConfig.GroupAdd ?? []);
  if (config.WorkingDir !== '')
    await context.rootfs.ensureDirectory(rootfs, config.WorkingDir, { uid: 0, gid: 0 });
  writeContainerFiles(context, container, sandbox);
  checkVolumes(context, record);
  const mounts = Object.values(record.mountPoints).sort(byDepth).flatMap(resolveMount);
  await makeMountPoints(context, rootfs, mounts);
  const name = config.Hostname || hostname();
  const input: BundleInput = {
    id: container.id,
    config,
    hostConfig,
    hostname: name,
    rootfs,
    netns: netnsOf(context, container, sandbox),
    joined: joinedNamespaces(context, record),
    mounts: [...mounts, ...fileMounts(record)],
    user,
    args: [record.path, ...record.args],
    env: containerEnv(config.Env, { hostname: name, tty: config.Tty, home: user.home }),
    cwd: config.WorkingDir || '/',
    consoleSize: hostConfig.ConsoleSize,
    ...(hostConfig.Init ? { initPath: requireInit() } : {}),
    host: gatherHostFacts(hostConfig, context.cgroup, context.settings),
  };
  return buildSpec(input);
}

function netnsOf(
  context: ContainersContext,
  container: Container,
  sandbox: Sandbox | undefined,
): BundleInput['netns'] {
  if (sandbox) return { path: sandbox.netns };
  const mode = parseNetworkMode(context, container.record.hostConfig.NetworkMode);
  if (mode.kind !== 'container') return 'host';
  const other = running(context, mode.container, 'join network of');
  const theirs = other.record.minke.sandbox as Sandbox | undefined;
  return theirs ? { path: theirs.netns } : 'host';
}

function joinedNamespaces(
  context: ContainersContext,
  { hostConfig }: ContainerRecord,
): NonNullable<BundleInput['joined']> {
  const joined: NonNullable<BundleInput['joined']> = {};
  const path = (mode: string, kind: 'ipc' | 'pid' | 'uts') => {
    if (!mode.startsWith('container:')) return;
    const other = running(context, mode.slice('container:'.length), `join ${kind.toUpperCase()} of`);
    joined[kind] = `/proc/${other.record.state.pid}/ns/${kind}`;
  };
  path(hostConfig.IpcMode, 'ipc');
  path(hostConfig.PidMode, 'pid');
  return joined;
}

function running(context: ContainersContext, ref: string, what: string): Container {
  const other = context.directory.find(ref);
  if (!isRunning(other.status)) {
    throw new EngineError('conflict', `cannot ${what} a non running container: ${other.id}`);
  }
  return other;
}

/** Why not left to the OCI runtime: crun gives what it makes the sticky bit, and what it makes stays. */
async function makeMountPoints(
  context: ContainersContext,
  rootfs: string,
  mounts: readonly ResolvedMount[],
): Promise<void> {
  for (const { destination, source, type } of mounts) {
    if (mounts.some((other) => destination.startsWith(`${other.destination}/`))) continue;
    const isFile = type === 'bind' && !statSync(source, { throwIfNoEntry: false })?.isDirectory();
    // What cannot be made is said better by the mount itself.
    await context.rootfs.ensureMountPoint(rootfs, destination, isFile ? 'file' : 'directory').catch(() => {});
  }
}

/** Shallow destinations first, so that none hides another. */
function byDepth(a: MountPointRecord, b: MountPointRecord): number {
  return a.Destination.split('/').length - b.Destination.split('/').length;
}

/** Volumes with options are Docker's: what they ask to be mounted is not, and the directory is not what they mean. */
function checkVolumes(context: ContainersContext, { mountPoints }: ContainerRecord): void {
  for (const { Type, Name } of Object.values(mountPoints)) {
    const options = Type === 'volume' ? context.volumes.get(Name)?.options : undefined;
    if (Object.keys(options ?? {}).length === 0) continue;
    throw new EngineError(
      'unimplemented',
      `volume ${Name}: options of the local volume driver are not implemented by Minke yet`,
    );
  }
}

function resolveMount(point: MountPointRecord): ResolvedMount[] {
  const { Destination: destination, RW: writable } = point;
  if (point.Type === 'tmpfs') {
    const { SizeBytes: size, Mode: mode } = (point.Spec?.['TmpfsOptions'] ?? {}) as {
      SizeBytes?: number;
      Mode?: number;
    };
    const options = ['nosuid', 'nodev', 'noexec', ...(writable ? [] : ['ro'])];
    if (size) options.push(`size=${size}`);
    if (mode) options.push(`mode=${mode.toString(8)}`);
    return [{ type: 'tmpfs', source: 'tmpfs', destination, options }];
  }
  if (point.Type === 'bind') ensureSource(point);
  const propagation = point.Propagation || 'rprivate';
  const recursion = bindOptions(point).NonRecursive ? 'bind' : 'rbind';
  const access = writable ? 'rw' : isReadOnlyFlat(point) ? 'ro' : 'rro';
  return [{ type: 'bind', source: point.Source, destination, options: [recursion, access, propagation] }];
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

/** The files that Docker keeps for a container, unless something of the user's is mounted there. */
function fileMounts(record: ContainerRecord): ResolvedMount[] {
  const files: [string, string][] = [
    [record.resolvConfPath, '/etc/resolv.conf'],
    [record.hostnamePath, '/etc/hostname'],
    [record.hostsPath, '/etc/hosts'],
  ];
  const options = ['rbind', record.hostConfig.ReadonlyRootfs ? 'ro' : 'rw', 'rprivate'];
  return files
    .filter(([, destination]) => record.mountPoints[destination] === undefined)
    .map(([source, destination]) => ({ type: 'bind', source, destination, options }));
}
