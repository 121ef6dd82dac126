import { EngineError } from '../../base/mod.ts';
import type { Ulimit } from '../../spec/docker/mod.ts';

/** Limits of daemon.json (`{"nofile": {"Name": "nofile", "Soft": 1, "Hard": 2}}`) or of flags (`nofile=1:2`). */
export function readUlimits(value: unknown): Ulimit[] {
  if (Array.isArray(value)) return value.map(fromFlag);
  return Object.entries(value ?? {}).map(([key, entry]) => {
    const { Name: name = key, Soft: soft = 0, Hard: hard = 0 } = (entry ?? {}) as Partial<Ulimit>;
    if (typeof name === 'string' && Number.isSafeInteger(soft) && Number.isSafeInteger(hard)) {
      return checked({ Name: name, Soft: soft, Hard: hard });
    }
    throw invalid(`invalid ulimit argument: ${key}`);
  });
}

function fromFlag(text: string): Ulimit {
  const [, name = '', soft, hard] = /^([^=]+)=(-?\d+)(?::(-?\d+))?$/.exec(text) ?? [];
  if (soft === undefined) throw invalid(`invalid ulimit argument: ${text}`);
  return checked({ Name: name, Soft: Number(soft), Hard: Number(hard ?? soft) });
}

function checked(ulimit: Ulimit): Ulimit {
  const { Soft: soft, Hard: hard } = ulimit;
  if (hard !== -1 && (soft > hard || soft === -1)) {
    throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  }
  return ulimit;
}

function invalid(message: string): EngineError {
  return new EngineError('invalid', message);
}
