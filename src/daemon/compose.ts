import { readdirSync, readFileSync } from 'node:fs';
import { createApiServer } from '../api/mod.ts';
import { KeyedLock, type Logger } from '../base/mod.ts';
import {
  type ContainersContext,
  createContainers,
  createExecs,
  createFiles,
  Directory,
  ExecDirectory,
  findInit,
  HealthWatch,
  StatsCollector,
} from '../engine/containers/mod.ts';
import { EventBus } from '../engine/events/mod.ts';
import { createImages } from '../engine/images/mod.ts';
import { LocalNetworks } from '../engine/networks/mod.ts';
import { createSystem, readHost } from '../engine/system/mod.ts';
import { EngineVolumes } from '../engine/volumes/mod.ts';
import type { Logs } from '../logs/mod.ts';
import { hostSubnets, subnetPools } from '../net/mod.ts';
import { createRegistry } from '../registry/mod.ts';
import { CdiDevices, type CgroupHost, cgroupLimits, cgroupSupport, type Runtime } from '../runtime/mod.ts';
import type { ContainerStatus } from '../spec/docker/mod.ts';
import { outsideOwner } from '../spec/id-map.ts';
import { ContainerRecords, NetworkRecords, type Store, VolumeRecords } from '../store/mod.ts';
import { peerOf, socketLending, takeDescriptor } from '../sys/mod.ts';
import type { Config } from './config/config.ts';
import { defaultBridge } from './default-bridge.ts';
import type { DeferredNet } from './deferred-net.ts';
import { securityOptionsOf, storageStatus } from './facts.ts';
import { engineId, readIdentity } from './identity.ts';
import { containerUsers } from './users.ts';

/** The opened mechanisms that the engine stands on. */
export interface Rooms {
  store: Store;
  runtime: Runtime;
  logs: Logs;
  net: DeferredNet;
  cgroup: CgroupHost;
}

/** Puts the engine and its API together over opened rooms. */
export function compose(config: Config, rooms: Rooms, log: Logger) {
  const { store, runtime, logs, net, cgroup } = rooms;
  const { dataRoot, execRoot } = config;
  const identity = readIdentity();
  const host = readHost();
  const runtimeName = runtime.name;
  const events = new EventBus(dataRoot);
  const directory = new Directory();
  const users = containerUsers(directory);
  const pools = subnetPools(config.addressing.pools, engineId(dataRoot));
  const networks = new LocalNetworks({
    store: new NetworkRecords(dataRoot, log),
    users,
    net,
    choose: (taken) => defaultBridge(config, taken, pools),
    pools,
    hostSubnets,
    defaultOptions: config.networkOptions,
    events,
    log,
  });
  const volumes = new EngineVolumes({
    records: new VolumeRecords(dataRoot, log, config.idMap && outsideOwner(config.idMap, { uid: 0, gid: 0 })),
    threads: store.volumes,
    users: users.volumes,
    events,
    execRoot,
    log,
  });
  const registry = createRegistry({
    insecureRegistries: config.insecureRegistries,
    registryMirrors: config.registryMirrors,
    mirrors: config.mirrors,
    proxies: config.proxies,
    limits: { attempts: config.maxDownloadAttempts },
    userAgent: `minke/${identity.version}`,
    takeDescriptor,
  });
  const images = createImages({
    images: store.images,
    layers: store.layers,
    archives: store.archives,
    registry,
    events,
    users: users.images,
    log,
    maxConcurrentDownloads: config.maxConcurrentDownloads,
    maxConcurrentUploads: config.maxConcurrentUploads,
  });
  const context: ContainersContext = {
    settings: {
      dataRoot,
      execRoot,
      host: { cpus: host.cpus, ...cgroupLimits(cgroup) },
      runtimeName,
      defaultLogDriver: config.logDriver,
      defaultLogOptions: config.logOptions,
      defaultShmSize: config.defaultShmSize,
      cgroupParent: config.cgroupParent,
      defaultUlimits: config.defaultUlimits,
      defaultIpcMode: config.defaultIpcMode,
      defaultCgroupnsMode: config.defaultCgroupnsMode,
      noNewPrivileges: config.noNewPrivileges,
      init: config.init,
      initPath: config.initPath,
      cdiSpecDirs: config.cdiSpecDirs,
      idMap: config.idMap,
      seccompProfile: config.seccompProfile,
      hostGatewayIps: config.hostGatewayIps,
      dns: config.dns,
      dnsSearch: config.dnsSearch,
      dnsOptions: config.dnsOptions,
      stopTimeout: 10,
    },
    directory,
    execs: new ExecDirectory(),
    stats: new StatsCollector(),
    locks: new KeyedLock(),
    records: new ContainerRecords(dataRoot, log),
    layers: store.layers,
    rootfs: store.rootfs,
    files: store.files,
    prepared: store.prepared,
    runtime,
    cgroup,
    logs,
    net,
    health: new HealthWatch(execRoot, log),
    events,
    images,
    networks,
    volumes,
    log,
  };
  const containers = createContainers(context);
  const system = createSystem({
    ...identity,
    host,
    id: engineId(dataRoot),
    // Somebody may be replacing it just now: the rest of the answer stands.
    runtime: () =>
      runtime
        .version()
        .catch(() => ({ name: runtime.name, version: 'N/A', commit: 'N/A', path: runtimeName })),
    runtimeName,
    runtimes: () => runtime.runtimes(),
    cdi: { directories: config.cdiSpecDirs, devices: () => new CdiDevices(config.cdiSpecDirs).names() },
    cgroup: { ...cgroupSupport(cgroup), version: cgroup.version, driver: cgroup.driver },
    settings: { ...config },
    storageStatus: storageStatus(dataRoot),
    logDrivers: logs.drivers,
    securityOptions: securityOptionsOf(config),
    initBinary: config.initPath || (findInit() ?? ''),
    countContainers: () => countByStatus(directory),
    countImages: () => store.images.list().length,
    countDescriptors: () => readdirSync('/proc/self/fd').length,
    networkTrouble: () => net.trouble(),
    ipForwarding: () => readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim() === '1',
    usage: { images, containers, volumes },
    events,
  });
  const api = createApiServer({
    lending: socketLending,
    backends: {
      containers,
      execs: createExecs(context),
      files: createFiles(context),
      images,
      networks,
      volumes,
      system,
      events,
      registry,
    },
    serverVersion: identity.version,
    cgroupUnified: cgroup.version === 2,
    log,
    peerOf: (socket) => (config.logLevel === 'debug' ? { ...peerOf(socket) } : undefined),
  });
  return {
    api,
    context,
    events,
    registry,
    networks,
    writeForDocker: () => {
      volumes.writeForDocker();
      networks.writeForDocker();
    },
  };
}

function countByStatus(directory: Directory): Partial<Record<ContainerStatus, number>> {
  const counts: Partial<Record<ContainerStatus, number>> = {};
  for (const { status } of directory.all()) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
