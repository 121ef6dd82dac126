import { EngineError } from '../../base/mod.ts';
import type { RuntimeDevice, RuntimeDeviceRule } from '../../spec/oci/runtime.ts';
import type { BundleInput } from './input.ts';

/** What every container may use: null, zero, full, random, urandom, tty, console, ptmx, pts; and mknod of anything. */
const DEFAULT_RULES: RuntimeDeviceRule[] = [
  { allow: false, access: 'rwm' },
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
  ...[
    [1, 3],
    [1, 5],
    [1, 7],
    [1, 8],
    [1, 9],
    [5, 0],
    [5, 1],
    [5, 2],
  ].map(
    ([major = 0, minor = 0]): RuntimeDeviceRule => ({ allow: true, type: 'c', major, minor, access: 'rwm' }),
  ),
  { allow: true, type: 'c', major: 136, access: 'rwm' },
];

/** Device nodes to make in /dev, besides the ones that the OCI runtime always makes. */
export function containerDevices({ host }: BundleInput): RuntimeDevice[] {
  return host.devices.map(({ permissions: _, ...device }) => device);
}

/** The device cgroup's rules, first to last. */
export function deviceRules({ hostConfig, host }: BundleInput): RuntimeDeviceRule[] {
  if (hostConfig.Privileged) return [{ allow: true, access: 'rwm' }];
  const mapped = host.devices
    .filter(({ type }) => type !== 'p')
    .map(({ type, major, minor, permissions }): RuntimeDeviceRule => {
      const numbers = { ...(major !== undefined && { major }), ...(minor !== undefined && { minor }) };
      return { allow: true, type: type === 'b' ? 'b' : 'c', ...numbers, access: permissions };
    });
  return [...DEFAULT_RULES, ...mapped, ...(hostConfig.DeviceCgroupRules ?? []).map(parseRule)];
}

/** `c 42:* rmw`. Compat: dockerd's sentence. */
function parseRule(rule: string): RuntimeDeviceRule {
  const [, type, major, minor, access] = /^([acb]) ([0-9]+|\*):([0-9]+|\*) ([rwm]{1,3})$/.exec(rule) ?? [];
  if (type === undefined) throw new EngineError('invalid', `invalid device cgroup rule format: '${rule}'`);
  return {
    allow: true,
    type: type as 'a' | 'b' | 'c',
    ...(major !== '*' && { major: Number(major) }),
    ...(minor !== '*' && { minor: Number(minor) }),
    access: access ?? 'rwm',
  };
}
