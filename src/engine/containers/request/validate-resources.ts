import type { Resources } from '../../../spec/docker/mod.ts';
import type { HostLimits } from '../context.ts';
import { lacking } from './lacking.ts';
import { validateBlockIo } from './validate-block-io.ts';
import { validateCpu } from './validate-cpu.ts';
import { validateMemory } from './validate-memory.ts';

/**
 * Checks limits before anything is made, throwing `invalid` with Docker's sentence, and takes those out of
 * `resources` that this host cannot enforce. `update`: of a container that has limits. Gives Docker's warnings.
 * Compat: moby `verifyPlatformContainerResources`.
 */
export function validateResources(
  resources: Resources,
  host: HostLimits,
  options: { update?: boolean } = {},
): string[] {
  const warnings: string[] = [];
  validateMemory(resources, host, warnings, options);
  if (resources.PidsLimit !== null && !host.pids) {
    if (resources.PidsLimit > 0) warnings.push(lacking('PIDs limit capabilities', 'PIDs limit discarded'));
    resources.PidsLimit = null;
  }
  validateCpu(resources, host, warnings);
  validateBlockIo(resources, host, warnings);
  return warnings;
}
