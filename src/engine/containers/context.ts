import type { KeyedLock, Logger } from '../../base/mod.ts';
import type { Logs } from '../../logs/mod.ts';
import type { Net } from '../../net/mod.ts';
import type { CgroupHost, CgroupLimits, Runtime } from '../../runtime/mod.ts';
import type { ImageId } from '../../spec/digest.ts';
import type { Ulimit } from '../../spec/docker/mod.ts';
import type { IdMap } from '../../spec/id-map.ts';
import type { Platform } from '../../spec/platform.ts';
import type {
  ContainerRecords,
  LayerStore,
  PreparedMounts,
  RootFs,
  StoredImage,
  TreeFiles,
} from '../../store/mod.ts';
import type { Events } from '../events/mod.ts';
import type { CommitImage, CommittedImage } from '../images/mod.ts';
import type { EngineNetwork } from '../networks/mod.ts';
import type { VolumesForContainers } from '../volumes/mod.ts';
import type { Container } from './container.ts';
import type { Directory } from './directory.ts';
import type { ExecDirectory } from './exec/exec-directory.ts';
import type { HealthWatch } from './health/health-watch.ts';
import type { StatsCollector } from './stats/stats-collector.ts';

/** What the container verbs work with; `daemon/` puts it together. */
export interface ContainersContext {
  readonly settings: ContainerSettings;
  readonly directory: Directory;
  readonly execs: ExecDirectory;
  readonly stats: StatsCollector;
  /** One transition of one container at a time. */
  readonly locks: KeyedLock;
  readonly records: ContainerRecords;
  readonly layers: LayerStore;
  readonly rootfs: RootFs;
  readonly files: TreeFiles;
  readonly prepared: PreparedMounts;
  readonly runtime: Runtime;
  readonly cgroup: CgroupHost;
  readonly logs: Logs;
  readonly net: Net;
  readonly health: HealthWatch;
  readonly events: Events;
  readonly images: ImagesForContainers;
  readonly networks: NetworksForContainers;
  readonly volumes: VolumesForContainers;
  readonly log: Logger;
}

/** The part of the daemon's configuration and of the host that containers see. */
export interface ContainerSettings {
  dataRoot: string;
  execRoot: string;
  host: HostLimits;
  /** Name of the default runtime, as `HostConfig.Runtime` shows it. */
  runtimeName: string;
  defaultLogDriver: string;
  defaultLogOptions: Record<string, string>;
  defaultShmSize: number;
  cgroupParent: string;
  /** For containers that set none of the same name. */
  defaultUlimits: Ulimit[];
  defaultIpcMode: string;
  /** '' = what the host's version of cgroups has. */
  defaultCgroupnsMode: string;
  noNewPrivileges: boolean;
  /** Of containers that say nothing of it. */
  init: boolean;
  /** '' = the first that is found. */
  initPath: string;
  /** Where the files of the Container Device Interface are, later ones before earlier ones. */
  cdiSpecDirs: string[];
  /** Owners in containers that are in a user namespace (`userns-remap`). */
  idMap: IdMap | undefined;
  /** `unconfined`, `builtin`, or the JSON of a profile. */
  seccompProfile: string;
  /** What `host-gateway` stands for; none = the gateway of the container's network. */
  hostGatewayIps: string[];
  dns: string[];
  dnsSearch: string[];
  dnsOptions: string[];
  /** Seconds that a stop waits unless told otherwise. */
  stopTimeout: number;
}

/** What of the host a request is checked against. */
export interface HostLimits extends CgroupLimits {
  cpus: number;
}

export interface ImagesForContainers {
  resolve(ref: string, platform?: Platform): StoredImage;
  /** How `docker ps` names a container's image: as asked, or the image id where that name means another one now. */
  nameFor(asked: string, id: ImageId): string;
  /** Ids of an image and of those whose layers begin with all of its; undefined if there is no such image. */
  withDescendants(ref: string): ReadonlySet<string> | undefined;
  /** Makes an image above another one, durably, of a layer's tar. */
  commit(request: CommitImage): Promise<CommittedImage>;
}

export interface NetworksForContainers {
  /** By name or id; `not-found` `network x not found`. */
  find(ref: string): EngineNetwork;
  /** As `find`; undefined if there is none of that name or id. */
  findIfThere(ref: string): EngineNetwork | undefined;
  /** Keeps networks from being removed while a container is on its way into them. */
  hold(ids: readonly string[], container: string): Disposable;
}

/** Runs `work` as one transition of `container`. */
export async function transition<T>(
  context: ContainersContext,
  container: Container,
  work: () => Promise<T>,
): Promise<T> {
  return await context.locks.run(container.id, work);
}

/** As `transition`, once nothing is left of the container's last life; no lock is held while that goes. */
export async function transitionOnceCleared<T>(
  context: ContainersContext,
  container: Container,
  work: () => Promise<T>,
): Promise<T> {
  for (;;) {
    await container.clearing;
    using _lock = await context.locks.acquire(container.id);
    if (!container.clearing) return await work();
  }
}

/** Writes the container's record after a change of state. */
export function save(context: ContainersContext, container: Container): void {
  context.records.update(container.record);
}

/** Publishes a container's event with the attributes that Docker gives it. */
export function announce(
  context: ContainersContext,
  container: Container,
  action: string,
  attributes: Record<string, string> = {},
): void {
  context.events.publish('container', action, container.id, {
    ...eventAttributes(container),
    ...attributes,
  });
}

/** What each event of a container says of it. */
export function eventAttributes({ name, record }: Container): Record<string, string> {
  return { ...(record.config.Labels ?? {}), image: record.config.Image, name };
}
