import { HEALTH_ON_FAILURE_LABEL } from '../../base/mod.ts';
import type { CreateBody } from '../../client/mod.ts';
import type { HostConfig } from '../../spec/docker/mod.ts';
import { capabilities } from './capabilities.ts';
import { keyValues } from './cut.ts';
import {
  cdiRequest,
  isCdiName,
  parseDevice,
  parseGpus,
  parseThrottle,
  parseWeightDevice,
} from './devices.ts';
import { readEnvFile, readLabelFile } from './env.ts';
import type { ContainerFlags } from './flags.ts';
import { healthConfig } from './health.ts';
import { limits } from './limits.ts';
import { parseMount } from './mounts.ts';
import { networking } from './networks.ts';
import { parsePorts } from './ports.ts';
import { restartPolicy } from './restart-policy.ts';
import { parseSecurityOptions } from './security.ts';
import { parseUlimit } from './ulimits.ts';
import { parseVolumes } from './volumes.ts';

/**
 * The create request that flags, image and command ask for. Compat: docker/cli `container.parse`, in its order of
 * checks, so that the same complaint comes first.
 */
export function createBody(o: ContainerFlags, image: string, command: string[]): CreateBody {
  const { value: swappiness } = o.memorySwappiness;
  if (swappiness !== -1 && (swappiness < 0 || swappiness > 100)) {
    throw new Error(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`);
  }
  const volumes = parseVolumes(o.volume.value);
  const ports = parsePorts(o.publish.value, o.expose.value);
  const host = hostConfig(o, volumes.binds);
  const network = networking(o.network.value, {
    networkAlias: o.networkAlias.value,
    link: o.link.value,
    linkLocalIp: o.linkLocalIp.value,
    ip: o.ip.value,
    ip6: o.ip6.value,
    macAddress: o.macAddress.value,
  });
  const health = healthConfig(o);
  return {
    ...streams(o),
    Hostname: o.hostname.value,
    Domainname: o.domainname.value,
    User: o.user.value,
    ...(Object.keys(ports.exposed).length > 0 ? { ExposedPorts: ports.exposed } : {}),
    Tty: o.tty.value,
    Env: orNull([...o.envFile.value.flatMap(readEnvFile), ...o.env.value]),
    Cmd: orNull(command),
    Image: image,
    Volumes: volumes.anonymous,
    WorkingDir: o.workdir.value,
    Entrypoint: o.entrypoint.changed ? [o.entrypoint.value] : null,
    Labels: {
      ...keyValues([...o.labelFile.value.flatMap(readLabelFile), ...o.label.value]),
      ...(o.healthOnFailure.value ? { [HEALTH_ON_FAILURE_LABEL]: o.healthOnFailure.value } : {}),
    },
    ...(o.stopSignal.value ? { StopSignal: o.stopSignal.value } : {}),
    ...(o.stopTimeout.changed ? { StopTimeout: o.stopTimeout.value } : {}),
    ...(health ? { Healthcheck: health } : {}),
    HostConfig: { ...host, NetworkMode: network.mode, PortBindings: ports.bindings },
    NetworkingConfig: network.config,
  };
}

function streams(o: ContainerFlags) {
  const asked = o.attach.value;
  const stdin = o.interactive.value;
  const AttachStdin = stdin || asked.includes('stdin');
  return {
    AttachStdin,
    AttachStdout: asked.length === 0 || asked.includes('stdout'),
    AttachStderr: asked.length === 0 || asked.includes('stderr'),
    OpenStdin: stdin,
    StdinOnce: stdin && AttachStdin,
  };
}

function hostConfig(o: ContainerFlags, binds: string[]): Partial<HostConfig> {
  const devices = o.device.value.filter((text) => !isCdiName(text)).map(parseDevice);
  checkNamespaces(o);
  const restart = restartPolicy(o.restart.value);
  if (o.logDriver.value === 'none' && o.logOpt.value.length > 0) {
    throw new Error('invalid logging opts for driver none');
  }
  const security = parseSecurityOptions(o.securityOpt.value);
  if (o.storageOpt.value.some((option) => !option.includes('='))) throw new Error('invalid storage option');
  if (o.rm.value && !['', 'no'].includes(restart.Name)) {
    throw new Error('conflicting options: cannot specify both --restart and --rm');
  }
  return {
    ...resources(o),
    Devices: devices,
    Binds: orNull(binds),
    ContainerIDFile: '',
    OomScoreAdj: o.oomScoreAdj.value,
    AutoRemove: o.rm.value,
    Privileged: o.privileged.value,
    Links: orNull(o.link.value),
    PublishAllPorts: o.publishAll.value,
    Dns: o.dns.value,
    DnsSearch: o.dnsSearch.value,
    DnsOptions: [...o.dnsOption.value, ...o.dnsOpt.value],
    ExtraHosts: orNull(o.addHost.value),
    VolumesFrom: orNull(o.volumesFrom.value),
    IpcMode: o.ipc.value,
    PidMode: o.pid.value,
    UTSMode: o.uts.value,
    UsernsMode: o.userns.value,
    CgroupnsMode: o.cgroupns.value,
    ...capabilities(o.capAdd.value, o.capDrop.value),
    GroupAdd: orNull(o.groupAdd.value),
    RestartPolicy: restart,
    SecurityOpt: security.options,
    ReadonlyRootfs: o.readOnly.value,
    LogConfig: { Type: o.logDriver.value, Config: keyValues(o.logOpt.value) },
    VolumeDriver: o.volumeDriver.value,
    Isolation: o.isolation.value,
    ShmSize: o.shmSize.value,
    ConsoleSize: [0, 0],
    ...(o.storageOpt.value.length > 0 ? { StorageOpt: keyValues(o.storageOpt.value) } : {}),
    ...(o.tmpfs.value.length > 0 ? { Tmpfs: tmpfs(o.tmpfs.value) } : {}),
    ...(o.sysctl.value.length > 0 ? { Sysctls: keyValues(o.sysctl.value) } : {}),
    ...(o.runtime.value ? { Runtime: o.runtime.value } : {}),
    ...(o.mount.value.length > 0 ? { Mounts: o.mount.value.map(parseMount) } : {}),
    MaskedPaths: security.maskedPaths,
    ReadonlyPaths: security.readonlyPaths,
    ...(o.annotation.value.length > 0 ? { Annotations: keyValues(o.annotation.value) } : {}),
    ...(o.init.changed ? { Init: o.init.value } : {}),
  };
}

function resources(o: ContainerFlags): Partial<HostConfig> {
  const throttles = (texts: string[], unit: 'bytes' | 'operations') =>
    texts.map((text) => parseThrottle(text, unit));
  const ulimits = new Map(o.ulimit.value.map(parseUlimit).map((limit) => [limit.Name, limit]));
  return {
    ...limits(o),
    BlkioWeightDevice: o.blkioWeightDevice.value.map(parseWeightDevice),
    BlkioDeviceReadBps: throttles(o.deviceReadBps.value, 'bytes'),
    BlkioDeviceWriteBps: throttles(o.deviceWriteBps.value, 'bytes'),
    BlkioDeviceReadIOps: throttles(o.deviceReadIops.value, 'operations'),
    BlkioDeviceWriteIOps: throttles(o.deviceWriteIops.value, 'operations'),
    CgroupParent: o.cgroupParent.value,
    MemorySwappiness: o.memorySwappiness.value,
    OomKillDisable: o.oomKillDisable.value,
    CpuCount: o.cpuCount.value,
    CpuPercent: o.cpuPercent.value,
    IOMaximumIOps: o.ioMaxIops.value,
    IOMaximumBandwidth: o.ioMaxBandwidth.value,
    Ulimits: [...ulimits.values()].sort((a, b) => (a.Name < b.Name ? -1 : 1)),
    DeviceCgroupRules: orNull(o.deviceCgroupRule.value),
    DeviceRequests: orNull([...o.gpus.value.map(parseGpus), ...cdiRequest(o.device.value)]),
  };
}

function checkNamespaces(o: ContainerFlags): void {
  const valid = (text: string, ...plain: string[]) => plain.includes(text) || /^container:./.test(text);
  if (!valid(o.pid.value, '', 'host')) throw new Error('--pid: invalid PID mode');
  if (!['', 'host'].includes(o.uts.value)) throw new Error('--uts: invalid UTS mode');
  if (!['', 'host'].includes(o.userns.value)) throw new Error('--userns: invalid USER mode');
  if (!['', 'private', 'host'].includes(o.cgroupns.value)) throw new Error('--cgroupns: invalid CGROUP mode');
}

function tmpfs(texts: string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const colon = text.indexOf(':');
      return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
    }),
  );
}

function orNull<T>(list: T[]): T[] | null {
  return list.length > 0 ? list : null;
}
