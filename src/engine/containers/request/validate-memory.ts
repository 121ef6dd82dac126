import { EngineError } from '../../../base/mod.ts';
import type { Resources } from '../../../spec/docker/mod.ts';
import type { HostLimits } from '../context.ts';
import { lacking } from './lacking.ts';

const MIN_MEMORY = 6 * 1024 * 1024;

/** The part of `validateResources` about memory, swap, and the OOM killer. */
export function validateMemory(
  resources: Resources,
  host: HostLimits,
  warnings: string[],
  { update = false }: { update?: boolean },
): void {
  const { Memory: memory, MemorySwap: swap } = resources;
  if (memory !== 0 && memory < MIN_MEMORY) throw invalid('Minimum memory limit allowed is 6MB');
  if (memory > 0 && !host.memory) {
    warnings.push(lacking('memory limit capabilities', 'Limitation discarded'));
    resources.Memory = 0;
    resources.MemorySwap = -1;
  } else if (memory > 0 && swap !== 0 && swap !== -1 && !host.swapLimit) {
    warnings.push(lacking('swap limit capabilities', 'Memory limited without swap'));
    resources.MemorySwap = -1;
  } else if (memory > 0 && swap > 0 && swap < memory) {
    throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (memory === 0 && swap > 0 && !update) {
    throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage');
  }
  validateSwappiness(resources, host, warnings);
  validateReservation(resources, host, warnings);
  validateOom(resources, host, warnings);
}

function validateSwappiness(resources: Resources, host: HostLimits, warnings: string[]): void {
  if (resources.MemorySwappiness === -1) resources.MemorySwappiness = null;
  const { MemorySwappiness: swappiness } = resources;
  if (swappiness === null) return;
  if (!host.swappiness) {
    warnings.push(lacking('memory swappiness capabilities', 'Memory swappiness discarded'));
    resources.MemorySwappiness = null;
  } else if (swappiness < 0 || swappiness > 100) {
    throw invalid(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  }
}

function validateReservation(resources: Resources, host: HostLimits, warnings: string[]): void {
  if (resources.MemoryReservation > 0 && !host.memoryReservation) {
    warnings.push(lacking('memory soft limit capabilities', 'Limitation discarded'));
    resources.MemoryReservation = 0;
  }
  const { Memory: memory, MemoryReservation: reservation } = resources;
  if (reservation > 0 && reservation < MIN_MEMORY) {
    throw invalid('Minimum memory reservation allowed is 6MB');
  }
  if (memory > 0 && reservation > memory) {
    throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage');
  }
}

function validateOom(resources: Resources, host: HostLimits, warnings: string[]): void {
  if (!host.oomKillDisable) {
    if (resources.OomKillDisable) {
      warnings.push('Your kernel does not support OomKillDisable. OomKillDisable discarded.');
    }
    resources.OomKillDisable = null;
    return;
  }
  resources.OomKillDisable ??= false;
  if (resources.OomKillDisable && resources.Memory === 0) {
    warnings.push(
      'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    );
  }
}

function invalid(message: string): EngineError {
  return new EngineError('invalid', message);
}
