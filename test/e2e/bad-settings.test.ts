import { describe, expect, test } from 'bun:test';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';

type Body = Record<string, unknown>;

/** What create says, or start where the engine finds it out there. The container goes again. */
async function refusal(body: Body): Promise<{ status: number; message: string; at: 'create' | 'start' }> {
  const { daemon, busybox } = await engine();
  const answer = await daemon.api.post('/containers/create', { Image: busybox, Cmd: ['true'], ...body });
  if (answer.status !== 201) {
    return { status: answer.status, message: answer.json<{ message: string }>().message, at: 'create' };
  }
  const { Id: id } = answer.json<{ Id: string }>();
  try {
    const started = await daemon.api.post(`/containers/${id}/start`);
    const message = started.status < 300 ? '' : started.json<{ message: string }>().message;
    return { status: started.status, message, at: 'start' };
  } finally {
    await daemon.api.delete(`/containers/${id}?force=1`);
  }
}

const host = (HostConfig: Body): Body => ({ HostConfig });
const mount = (more: Body): Body => host({ Mounts: [{ Target: '/x', ...more }] });

/** Settings out of range, with Docker's sentence. `old`: how 20.10 puts it, if otherwise; null: it takes it. */
const WRONG: [Body, string, (string | null)?][] = [
  [host({ Memory: 1024 }), 'Minimum memory limit allowed is 6MB', 'inimum memory limit allowed is '],
  [host({ Memory: -1 }), 'Minimum memory limit allowed is 6MB', 'inimum memory limit allowed is '],
  [
    host({ Memory: 64 << 20, MemorySwap: 32 << 20 }),
    'Minimum memoryswap limit should be larger than memory limit, see usage',
  ],
  [
    host({ MemorySwap: 32 << 20 }),
    'You should always set the Memory limit when using Memoryswap limit, see usage',
  ],
  [
    host({ MemoryReservation: 1 }),
    'Minimum memory reservation allowed is 6MB',
    'inimum memory reservation allowed is ',
  ],
  [
    host({ Memory: 16 << 20, MemoryReservation: 32 << 20 }),
    'Minimum memory limit can not be less than memory reservation limit, see usage',
  ],
  [host({ MemorySwappiness: 101 }), 'Invalid value: 101, valid memory swappiness range is 0-100'],
  [host({ OomScoreAdj: 1001 }), 'Invalid value 1001, range for oom score adj is [-1000, 1000]'],
  [host({ NanoCpus: -1 }), 'ange of CPUs is from 0.01 to '],
  [host({ NanoCpus: 1e15 }), 'ange of CPUs is from 0.01 to '],
  [
    host({ NanoCpus: 1e9, CpuPeriod: 50_000 }),
    'Conflicting options: Nano CPUs and CPU Period cannot both be set',
  ],
  [
    host({ NanoCpus: 1e9, CpuQuota: 50_000 }),
    'Conflicting options: Nano CPUs and CPU Quota cannot both be set',
  ],
  [
    host({ CpuShares: -1 }),
    'invalid CPU shares (-1): value must be a positive integer',
    'shares: invalid argument',
  ],
  [
    host({ CpuPeriod: 5 }),
    'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)',
  ],
  [
    host({ CpuPeriod: 2e6 }),
    'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)',
  ],
  [host({ CpuQuota: 5 }), 'CPU cfs quota can not be less than 1ms (i.e. 1000)'],
  [
    host({ CpuRealtimePeriod: 1000, CpuRealtimeRuntime: 2000 }),
    'cpu real-time runtime cannot be higher than cpu real-time period',
  ],
  [host({ CpusetCpus: 'a' }), 'Invalid value a for cpuset cpus'],
  [host({ CpusetCpus: '500' }), 'Requested CPUs are not available - requested 500, available: '],
  [host({ CpusetMems: '0-x' }), 'Invalid value 0-x for cpuset mems'],
  [host({ CpusetMems: '77' }), 'Requested memory nodes are not available - requested 77, available: '],
  [host({ IOMaximumIOps: 5 }), 'QoS maximum IOPs configuration is not supported on linux', 'maximum IOPs'],
  [
    host({ IOMaximumBandwidth: 5 }),
    'QoS maximum bandwidth configuration is not supported on linux',
    'maximum bandwidth',
  ],
  [
    host({ BlkioDeviceReadBps: [{ Path: '/dev/nope', Rate: 1 }] }),
    'stat /dev/nope: no such file or directory',
    'no such file or directory',
  ],
  [host({ ShmSize: -1 }), 'SHM size can not be less than 0'],
  [host({ IpcMode: 'x' }), 'nvalid IPC mode: x'],
  [host({ PidMode: 'x' }), 'nvalid PID mode: x', null],
  [host({ UTSMode: 'x' }), 'nvalid UTS mode: x', null],
  [host({ UsernsMode: 'x' }), 'invalid user namespace mode: x', null],
  [host({ CgroupnsMode: 'x' }), 'nvalid cgroup namespace mode: x'],
  [host({ Isolation: 'process' }), 'invalid isolation', "only supports 'default'"],
  [host({ CapAdd: ['NOPE'] }), 'invalid CapAdd: unknown capability: "CAP_NOPE"'],
  [host({ CapDrop: ['CAP_NOPE'] }), 'invalid CapDrop: unknown capability: "CAP_NOPE"'],
  [host({ SecurityOpt: ['nope'] }), 'invalid --security-opt 1: "nope"'],
  [host({ SecurityOpt: ['nope=1'] }), 'invalid --security-opt 2: "nope=1"'],
  [host({ SecurityOpt: ['no-new-privileges=maybe'] }), 'invalid --security-opt 2: "no-new-privileges=maybe"'],
  [
    host({ SecurityOpt: ['seccomp={'] }),
    'Decoding seccomp profile failed: ',
    'ecoding seccomp profile failed: ',
  ],
  [
    host({ Devices: [{ PathOnHost: '/dev/nope', PathInContainer: '/dev/x', CgroupPermissions: 'r' }] }),
    'error gathering device information while adding custom device "/dev/nope": no such file or directory',
  ],
  [host({ DeviceCgroupRules: ['x'] }), "invalid device cgroup rule format: 'x'"],
  [
    host({ DeviceRequests: [{ Driver: 'magic', Count: 1 }] }),
    'could not select device driver "magic" with capabilities: []',
  ],
  [host({ Sysctls: { 'kernel.panic': '1' } }), 'sysctl "kernel.panic" is not in a separate kernel namespace'],
  [host({ Ulimits: [{ Name: 'nope', Soft: 1, Hard: 1 }] }), 'wrong rlimit value: RLIMIT_NOPE'],
  [host({ GroupAdd: ['nope'] }), 'nable to find group nope: no matching entries in group file'],
  [host({ ExtraHosts: ['x'] }), 'bad format for add-host: "x"'],
  [host({ ExtraHosts: ['x:y'] }), 'invalid IP address in add-host: "y"'],
  [host({ VolumesFrom: ['nobody'] }), 'No such container: nobody'],
  [host({ VolumesFrom: [''] }), 'volumes-from specification cannot be an empty string', 'empty'],
  [host({ IpcMode: 'container:nobody' }), 'No such container: nobody'],
  [host({ PidMode: 'container:nobody' }), 'No such container: nobody'],
  [
    host({ StorageOpt: { size: '1G' } }),
    '--storage-opt is supported only for overlay over xfs with',
    'supported only for overlay over xfs',
  ],
  [host({ Tmpfs: { relative: '' } }), "invalid mount path: 'relative' mount path must be absolute"],
  [host({ Tmpfs: { '/': '' } }), "invalid specification: destination can't be '/'"],
  [host({ Tmpfs: { '/t': 'nope' } }), 'invalid tmpfs option ["nope"]'],
  [host({ Binds: ['/a:/b:rw,ro'] }), 'invalid mode: rw,ro'],
  [host({ Binds: ['/a:/b:idmap,nope'] }), 'invalid mode: idmap,nope'],
  [host({ Binds: ['x/y:/b'] }), '"x/y" includes invalid characters for a local volume name'],
  [mount({ Type: 'bind' }), 'invalid mount config for type "bind": field Source must not be empty'],
  [mount({ Type: 'bind', Source: '/nope' }), 'bind source path does not exist: /nope'],
  [mount({ Type: 'bind', Source: '/tmp', BindOptions: { Propagation: 'x' } }), 'invalid propagation mode: x'],
  [mount({ Type: 'bind', Source: 'rel' }), "invalid mount path: 'rel' mount path must be absolute"],
  [mount({ Type: 'tmpfs', Source: '/x' }), 'field Source must not be specified'],
  [
    mount({ Type: 'volume', Source: 'v', VolumeOptions: { Subpath: '../x' } }),
    'subpath must be a relative path within the volume',
    null,
  ],
  [
    mount({ Type: 'volume', VolumeOptions: { Subpath: 'x' } }),
    'must not set Subpath when using anonymous volumes',
    null,
  ],
  [mount({ Type: 'image' }), 'field Source must not be empty', 'mount type unknown'],
  [mount({ Type: 'magic' }), 'mount type unknown'],
  [host({ Runtime: 'nope' }), 'nknown or invalid runtime name: nope', 'Unknown runtime specified nope'],
  [host({ RestartPolicy: { Name: 'x' } }), 'nknown policy', 'invalid restart policy'],
  [{ WorkingDir: 'rel' }, "the working directory 'rel' is invalid, it needs to be an absolute path"],
  [{ Env: ['=x'] }, 'invalid environment variable: =x'],
  [{ StopSignal: 'NOPE' }, 'nvalid signal: NOPE'],
  [{ User: 'nobody-here' }, 'unable to find user nobody-here: no matching entries in passwd file'],
  [{ User: '4294967296' }, 'uids and gids must be in range 0-2147483647'],
  [{ User: '-1' }, 'uids and gids must be in range 0-2147483647'],
  [{ User: '0x0' }, 'unable to find user 0x0: no matching entries in passwd file'],
  [{ Healthcheck: { Test: ['CMD', 'x'], Interval: 5 } }, 'Interval in Healthcheck cannot be less than 1ms'],
  [{ Hostname: 'x', ...host({ UTSMode: 'host' }) }, 'conflicting options: hostname and the UTS mode'],
];

describe('settings that are out of range', () => {
  test.each(WRONG)('%j', async (body, sentence, old = sentence) => {
    if (ENGINE === 'docker' && old === null) return;
    const { status, message, at } = await refusal(body);
    expect(message).toContain(ENGINE === 'docker' ? (old ?? '') : sentence);
    // What is wrong is said when it is asked for, where it can be known then, and as the client's mistake.
    if (ENGINE === 'minke' && at === 'create') expect([400, 404]).toContain(status);
    else expect(status).toBeGreaterThanOrEqual(400);
  });
});

const TEXTS =
  'CgroupParent CpusetCpus CpusetMems NetworkMode VolumeDriver CgroupnsMode IpcMode PidMode UTSMode UsernsMode Runtime Isolation ContainerIDFile'.split(
    ' ',
  );
const NUMBERS =
  'Memory MemorySwap MemoryReservation MemorySwappiness NanoCpus CpuShares CpuPeriod CpuQuota CpuRealtimePeriod CpuRealtimeRuntime PidsLimit BlkioWeight OomScoreAdj ShmSize CpuCount CpuPercent IOMaximumIOps IOMaximumBandwidth'.split(
    ' ',
  );
const FLAGS = 'Privileged ReadonlyRootfs OomKillDisable Init AutoRemove PublishAllPorts'.split(' ');
const LISTS =
  'Binds VolumesFrom Mounts DeviceCgroupRules Devices DeviceRequests Ulimits Dns DnsOptions DnsSearch ExtraHosts GroupAdd Links SecurityOpt MaskedPaths ReadonlyPaths BlkioWeightDevice BlkioDeviceReadBps BlkioDeviceWriteBps BlkioDeviceReadIOps BlkioDeviceWriteIOps'.split(
    ' ',
  );
const MAPS = 'Sysctls Tmpfs StorageOpt Annotations PortBindings'.split(' ');
const OF_ANOTHER_TYPE: [string, unknown][] = [
  ...TEXTS.map((name): [string, unknown] => [name, 5]),
  ...NUMBERS.flatMap((name): [string, unknown][] => [
    [name, 'x'],
    [name, 1.5],
  ]),
  ...FLAGS.map((name): [string, unknown] => [name, 'yes']),
  ...LISTS.flatMap((name): [string, unknown][] => [
    [name, { a: 1 }],
    [name, [[1]]],
  ]),
  ...MAPS.flatMap((name): [string, unknown][] => [
    [name, ['a']],
    [name, { a: 5 }],
  ]),
];

test('settings of another type are refused by Go’s sentence, each of them', async () => {
  const { daemon, busybox } = await engine();
  for (const [name, value] of OF_ANOTHER_TYPE) {
    // Compat: 20.10 knows no annotations.
    if (ENGINE === 'docker' && name === 'Annotations') continue;
    const answer = await daemon.api.post('/containers/create', {
      Image: busybox,
      HostConfig: { [name]: value },
    });
    expect([name, value, answer.status]).toEqual([
      name,
      value,
      ENGINE === 'docker' ? expect.any(Number) : 400,
    ]);
    expect(answer.text).toContain('json: cannot unmarshal');
  }
});
