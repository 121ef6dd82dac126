import type { FlagSet } from '../flags/flag-set.ts';
import * as check from './checks.ts';
import { parseThrottle, parseWeightDevice } from './devices.ts';
import { parseEnv } from './env.ts';
import { limitFlags } from './limit-flags.ts';
import { parseMount } from './mounts.ts';
import { parseNetwork } from './networks.ts';
import { parseUlimit } from './ulimits.ts';

/** The flags of `run` and `create` that describe the container. */
export type ContainerFlags = ReturnType<typeof containerFlags>;

/** Declares them. Compat: names, types and defaults of the docker CLI 28. */
export function containerFlags(f: FlagSet) {
  return { ...processFlags(f), ...resourceFlags(f), ...networkFlags(f), ...storageFlags(f), ...hostFlags(f) };
}

function processFlags(f: FlagSet) {
  return {
    attach: f.list('attach', { short: 'a', usage: 'Attach to STDIN, STDOUT or STDERR', check: check.stream }),
    domainname: f.string('domainname', { usage: 'NIS domain name of the container' }),
    entrypoint: f.string('entrypoint', { usage: "Replaces the image's ENTRYPOINT" }),
    env: f.list('env', { short: 'e', usage: 'Set an environment variable', check: parseEnv }),
    envFile: f.list('env-file', { usage: 'Read environment variables from a file' }),
    groupAdd: f.list('group-add', { usage: 'More groups for the process' }),
    healthCmd: f.string('health-cmd', { usage: 'Command that checks health' }),
    healthInterval: f.duration('health-interval', { usage: 'Time between two checks' }),
    healthOnFailure: f.add('health-on-failure', '', check.healthAction, {
      usage: 'What to do when it turns unhealthy: none, restart, stop, kill',
    }),
    healthRetries: f.int('health-retries', { usage: 'Failures in a row that mean unhealthy' }),
    healthStartInterval: f.duration('health-start-interval', {
      usage: 'Time between checks while it starts',
    }),
    healthStartPeriod: f.duration('health-start-period', {
      usage: 'Time that the container may take to start',
    }),
    healthTimeout: f.duration('health-timeout', { usage: 'Time that one check may take' }),
    noHealthcheck: f.bool('no-healthcheck', { usage: "Ignore the image's HEALTHCHECK" }),
    hostname: f.string('hostname', { short: 'h', usage: 'Host name in the container' }),
    init: f.bool('init', { usage: 'Run an init that passes on signals and reaps processes' }),
    interactive: f.bool('interactive', { short: 'i', usage: 'Keep stdin open even if not attached' }),
    label: f.list('label', { short: 'l', usage: 'Set a label', check: check.label }),
    labelFile: f.list('label-file', { usage: 'Read labels from a file' }),
    annotation: f.list('annotation', { type: 'map', usage: 'Annotation for the OCI runtime' }),
    restart: f.string('restart', { usage: 'What to do when it exits', initial: 'no' }),
    rm: f.bool('rm', { usage: 'Remove the container and its anonymous volumes when it exits' }),
    stopSignal: f.string('stop-signal', { usage: 'Signal that stops it' }),
    stopTimeout: f.int('stop-timeout', { usage: 'Seconds until a stop becomes a kill' }),
    tty: f.bool('tty', { short: 't', usage: 'Give it a terminal' }),
    user: f.string('user', { short: 'u', usage: 'Name or UID, and group: user[:group]' }),
    workdir: f.string('workdir', { short: 'w', usage: 'Working directory in the container' }),
  };
}

function resourceFlags(f: FlagSet) {
  const throttle = (name: string, unit: 'bytes' | 'operations', usage: string) =>
    f.list(name, { usage, check: check.checked((text) => parseThrottle(text, unit)) });
  return {
    ...limitFlags(f),
    blkioWeightDevice: f.list('blkio-weight-device', {
      usage: 'Block IO weight of one device',
      check: check.checked(parseWeightDevice),
    }),
    deviceReadBps: throttle('device-read-bps', 'bytes', 'Limit bytes read from a device in a second'),
    deviceReadIops: throttle('device-read-iops', 'operations', 'Limit reads from a device in a second'),
    deviceWriteBps: throttle('device-write-bps', 'bytes', 'Limit bytes written to a device in a second'),
    deviceWriteIops: throttle('device-write-iops', 'operations', 'Limit writes to a device in a second'),
    cgroupParent: f.string('cgroup-parent', { usage: 'Parent cgroup' }),
    cpuCount: f.int('cpu-count', { usage: 'CPUs (Windows only)' }),
    cpuPercent: f.int('cpu-percent', { usage: 'Share of CPU (Windows only)' }),
    ioMaxBandwidth: f.bytes('io-maxbandwidth', { usage: 'IO bandwidth (Windows only)' }),
    ioMaxIops: f.uint('io-maxiops', 64, { usage: 'IO operations (Windows only)' }),
    kernelMemory: f.bytes('kernel-memory', { usage: 'Accepted, and without effect', hidden: true }),
    memorySwappiness: f.int('memory-swappiness', { usage: 'Swappiness, 0 to 100', initial: -1 }),
    oomKillDisable: f.bool('oom-kill-disable', { usage: 'No OOM killer' }),
    oomScoreAdj: f.int('oom-score-adj', { usage: 'Preference of the OOM killer, -1000 to 1000' }),
    shmSize: f.bytes('shm-size', { usage: 'Size of /dev/shm' }),
    ulimit: f.list('ulimit', {
      type: 'ulimit',
      usage: 'Limit of the process: name=soft[:hard]',
      check: check.checked(parseUlimit),
    }),
  };
}

function networkFlags(f: FlagSet) {
  const network = f.list('network', {
    type: 'network',
    usage: 'Connect to a network',
    check: check.checked(parseNetwork),
  });
  const alias = f.list('network-alias', { usage: 'Name of the container on its network' });
  f.link('net', network);
  f.link('net-alias', alias);
  return {
    network,
    networkAlias: alias,
    addHost: f.list('add-host', { usage: 'Add a line to /etc/hosts: host:ip', check: check.extraHost }),
    dns: f.list('dns', { usage: 'Name server', check: check.ipAddress }),
    dnsOption: f.list('dns-option', { usage: 'Option for resolv.conf' }),
    dnsOpt: f.list('dns-opt', { usage: 'Option for resolv.conf', hidden: true }),
    dnsSearch: f.list('dns-search', { usage: 'Search domain', check: check.dnsSearch }),
    expose: f.list('expose', { usage: 'Expose a port or a range of ports' }),
    ip: f.string('ip', { usage: 'IPv4 address' }),
    ip6: f.string('ip6', { usage: 'IPv6 address' }),
    link: f.list('link', { usage: 'Link to another container', check: check.link }),
    linkLocalIp: f.list('link-local-ip', { usage: 'Link-local address' }),
    macAddress: f.string('mac-address', { usage: 'MAC address' }),
    publish: f.list('publish', { short: 'p', usage: 'Publish ports: [[ip:]host:]container[/protocol]' }),
    publishAll: f.bool('publish-all', { short: 'P', usage: 'Publish all exposed ports to free ones' }),
  };
}

function storageFlags(f: FlagSet) {
  return {
    mount: f.list('mount', {
      type: 'mount',
      usage: 'Mount: type=bind,src=…,dst=…',
      check: check.checked(parseMount),
    }),
    readOnly: f.bool('read-only', { usage: 'No writes to the root file system' }),
    storageOpt: f.list('storage-opt', { usage: 'Option for the storage driver' }),
    tmpfs: f.list('tmpfs', { usage: 'Mount a tmpfs: path[:options]' }),
    volume: f.list('volume', { short: 'v', usage: 'Mount: source:path[:options]' }),
    volumeDriver: f.string('volume-driver', { usage: 'Driver for volumes it makes' }),
    volumesFrom: f.list('volumes-from', { usage: 'Mount what another container has mounted' }),
  };
}

function hostFlags(f: FlagSet) {
  return {
    capAdd: f.list('cap-add', { usage: 'Add a capability' }),
    capDrop: f.list('cap-drop', { usage: 'Drop a capability' }),
    cgroupns: f.string('cgroupns', { usage: 'Cgroup namespace: host, private' }),
    device: f.list('device', { usage: 'Device of the host: path[:path][:rwm]' }),
    deviceCgroupRule: f.list('device-cgroup-rule', {
      usage: 'Rule for devices',
      check: check.deviceCgroupRule,
    }),
    gpus: f.list('gpus', { type: 'gpu-request', usage: 'GPU devices, or all', check: check.gpus }),
    ipc: f.string('ipc', { usage: 'IPC namespace' }),
    isolation: f.string('isolation', { usage: 'Isolation (Windows only)' }),
    logDriver: f.string('log-driver', { usage: 'Logging driver' }),
    logOpt: f.list('log-opt', { usage: 'Option for the logging driver' }),
    pid: f.string('pid', { usage: 'PID namespace' }),
    privileged: f.bool('privileged', { usage: 'All rights that the engine has' }),
    runtime: f.string('runtime', { usage: 'OCI runtime' }),
    securityOpt: f.list('security-opt', { usage: 'Security option' }),
    sysctl: f.list('sysctl', { type: 'map', usage: 'Kernel parameter: name=value', check: check.sysctl }),
    userns: f.string('userns', { usage: 'User namespace' }),
    uts: f.string('uts', { usage: 'UTS namespace' }),
  };
}
