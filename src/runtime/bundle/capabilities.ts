import { EngineError } from '../../base/mod.ts';
import type { HostConfig } from '../../spec/docker/mod.ts';
import type { RuntimeCapabilities } from '../../spec/oci/runtime.ts';
import { CAPABILITIES } from '../../sys/mod.ts';

/** Compat: Docker's fourteen. */
export const DEFAULT_CAPABILITIES = [
  ...['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FSETID', 'CAP_FOWNER', 'CAP_MKNOD', 'CAP_NET_RAW', 'CAP_SETGID'],
  ...['CAP_SETUID', 'CAP_SETFCAP', 'CAP_SETPCAP', 'CAP_NET_BIND_SERVICE', 'CAP_SYS_CHROOT', 'CAP_KILL'],
  'CAP_AUDIT_WRITE',
];

/**
 * The capabilities of a container: the default ones with `CapAdd` and `CapDrop`, never more than `held`, the daemon's
 * own. Throws `invalid` in Docker's words.
 */
export function containerCapabilities(
  { CapAdd, CapDrop, Privileged }: Pick<HostConfig, 'CapAdd' | 'CapDrop' | 'Privileged'>,
  held: readonly string[],
): string[] {
  if (Privileged) return [...held];
  const add = normalize(CapAdd ?? [], 'CapAdd', held);
  const drop = normalize(CapDrop ?? [], 'CapDrop', CAPABILITIES);
  const base = drop.has('ALL') ? [] : add.has('ALL') ? held : DEFAULT_CAPABILITIES;
  // Compat: `--cap-drop ALL --cap-add X` is X; `--cap-add ALL --cap-drop X` is all but X.
  const added = add.has('ALL') ? (drop.has('ALL') ? [...held] : []) : [...add];
  const wanted = new Set([...base.filter((name) => !drop.has(name)), ...added]);
  return [...wanted].filter((name) => held.includes(name));
}

/** Throws `invalid` in Docker's words if `CapAdd` or `CapDrop` names what is no capability of Linux. */
export function checkCapabilities({ CapAdd, CapDrop }: Pick<HostConfig, 'CapAdd' | 'CapDrop'>): void {
  normalize(CapAdd ?? [], 'CapAdd', CAPABILITIES);
  normalize(CapDrop ?? [], 'CapDrop', CAPABILITIES);
}

/** Compat: as execve would have it, only root starts with any in effect. */
export function processCapabilities(capabilities: string[], uid: number): RuntimeCapabilities {
  const effective = uid === 0 ? capabilities : [];
  return { bounding: capabilities, effective, permitted: effective, inheritable: [], ambient: [] };
}

function normalize(names: string[], field: string, available: readonly string[]): Set<string> {
  const result = new Set<string>();
  for (const name of names) {
    const upper = name.toUpperCase();
    const full = upper === 'ALL' || upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
    if (full === 'CAP_ALL' || (full !== 'ALL' && !CAPABILITIES.includes(full))) {
      throw new EngineError('invalid', `invalid ${field}: unknown capability: "${full}"`);
    }
    if (full !== 'ALL' && !available.includes(full)) {
      throw new EngineError(
        'invalid',
        `invalid ${field}: capability not supported by your kernel or not available in the current environment: "${full}"`,
      );
    }
    result.add(full);
  }
  return result;
}
