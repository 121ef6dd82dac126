import { statSync } from 'node:fs';
import { hostname } from 'node:os';
import { EngineError } from '../../../base/mod.ts';
import type { Sandbox } from '../../../net/mod.ts';
import {
  type BundleInput,
  buildSpec,
  containerEnv,
  gatherHostFacts,
  type ResolvedMount,
} from '../../../runtime/mod.ts';
import type { HostConfig } from '../../../spec/docker/mod.ts';
import type { Owner } from '../../../spec/id-map.ts';
import type { RuntimeSpec } from '../../../spec/oci/runtime.ts';
import type { ContainerRecord } from '../../../store/mod.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { isRunning } from '../life/status.ts';
import { resolveMounts } from '../mounts/resolve-mounts.ts';
import { sharedMemory } from '../mounts/shared-memory.ts';
import { checkTmpfsOptions } from '../mounts/tmpfs-options.ts';
import { withRequestedDevices } from '../request/device-requests.ts';
import { parseNetworkMode } from '../request/network-mode.ts';
import { writeContainerFiles } from './container-files.ts';
import { requireInit } from './init-program.ts';
import { startedLinks } from './links.ts';
import { rootOf, type Userns } from './user-namespace.ts';

/** Makes what a start needs on disk and gives the OCI configuration of it. */
export async function bundleSpec(
  context: ContainersContext,
  container: Container,
  at: { rootfs: string; sandbox: Sandbox | undefined; userns: Userns | undefined },
  { signal }: { signal?: AbortSignal } = {},
): Promise<RuntimeSpec> {
  const { rootfs, sandbox, userns } = at;
  const { record } = container;
  const { config, hostConfig } = record;
  for (const options of Object.values(hostConfig.Tmpfs ?? {})) checkTmpfsOptions(options);
  const root = rootOf(context, hostConfig);
  const user = await context.rootfs.lookupUser(rootfs, config.User, hostConfig.GroupAdd ?? []);
  if (config.WorkingDir !== '') await context.rootfs.ensureDirectory(rootfs, config.WorkingDir, root);
  const links = startedLinks(context, container);
  writeContainerFiles(context, container, sandbox, links.hosts);
  const mounts = [
    ...(await resolveMounts(context, container, user, signal ? { signal } : {})),
    ...sharedMemory(context, container),
  ];
  await makeMountPoints(context, rootfs, mounts, root);
  const name = config.Hostname || hostname();
  const input: BundleInput = {
    id: container.id,
    config,
    hostConfig,
    hostname: name,
    rootfs,
    netns: netnsOf(context, container, sandbox),
    ...(userns && { userns }),
    joined: joinedNamespaces(context, record),
    mounts: [...mounts, ...fileMounts(record)],
    user,
    args: [record.path, ...record.args],
    env: containerEnv([...links.env, ...(config.Env ?? [])], {
      hostname: name,
      tty: config.Tty,
      home: user.home,
    }),
    cwd: config.WorkingDir || '/',
    consoleSize: hostConfig.ConsoleSize,
    ...(hasInit(hostConfig, context.settings) ? { initPath: requireInit(context.settings.initPath) } : {}),
    host: gatherHostFacts(hostConfig, context.cgroup, context.settings),
  };
  return withRequestedDevices(buildSpec(input), hostConfig.DeviceRequests, context.settings.cdiSpecDirs);
}

/** Compat: where there is another first process already, there is no need for one. */
function hasInit({ Init, PidMode }: HostConfig, settings: { init: boolean }): boolean {
  return PidMode === '' && (Init ?? settings.init);
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
  owner: Owner,
): Promise<void> {
  for (const { destination, source, type, kind } of mounts) {
    if (mounts.some((other) => destination.startsWith(`${other.destination}/`))) continue;
    const isFile =
      type === 'bind' && kind !== 'directory' && !statSync(source, { throwIfNoEntry: false })?.isDirectory();
    // What cannot be made is said better by the mount itself.
    await context.rootfs
      .ensureMountPoint(rootfs, destination, { kind: isFile ? 'file' : 'directory', owner })
      .catch(() => {});
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
