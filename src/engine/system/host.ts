import { readFileSync } from 'node:fs';
import { arch, cpus, hostname, release, totalmem } from 'node:os';

/** What `docker info` tells about the machine. */
export interface Host {
  kernelVersion: string;
  operatingSystem: string;
  osVersion: string;
  /** As `uname -m`. */
  machine: string;
  /** Go's name. */
  architecture: string;
  cpus: number;
  /** Bytes. */
  memory: number;
  name: string;
}

const MACHINES: Record<string, { machine: string; go: string }> = {
  x64: { machine: 'x86_64', go: 'amd64' },
  arm64: { machine: 'aarch64', go: 'arm64' },
};

export function readHost(): Host {
  const release_ = osRelease();
  const names = MACHINES[arch()] ?? { machine: arch(), go: arch() };
  return {
    kernelVersion: release(),
    operatingSystem: release_.get('PRETTY_NAME') ?? 'Linux',
    osVersion: release_.get('VERSION_ID') ?? '',
    machine: names.machine,
    architecture: names.go,
    cpus: cpus().length,
    memory: totalmem(),
    name: hostname(),
  };
}

/** Spec: os-release(5). */
function osRelease(): Map<string, string> {
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    try {
      const lines = readFileSync(path, 'utf8').split('\n');
      return new Map(
        lines.flatMap((line): [string, string][] => {
          const match = /^([A-Z0-9_]+)=["']?(.*?)["']?$/.exec(line);
          return match ? [[match[1] ?? '', match[2] ?? '']] : [];
        }),
      );
    } catch {
      // The next place.
    }
  }
  return new Map();
}
