import { statSync } from 'node:fs';
import { EngineError, messageOf } from '../../base/mod.ts';
import type { RuntimeDevice, RuntimeDeviceRule, RuntimeHook, RuntimeSpec } from '../../spec/oci/runtime.ts';
import { deviceNumbers } from '../bundle/device-numbers.ts';
import type { CdiEdits } from './spec.ts';

type DeviceNode = NonNullable<CdiEdits['deviceNodes']>[number];

/** The bundle of a container with what its CDI devices need. Looks at their nodes on the host; throws `invalid`. */
export function applyEdits(spec: RuntimeSpec, all: readonly CdiEdits[]): RuntimeSpec {
  return all.reduce(applyOne, spec);
}

function applyOne(spec: RuntimeSpec, edits: CdiEdits): RuntimeSpec {
  const { process, linux, mounts } = spec;
  const nodes = (edits.deviceNodes ?? []).map(toDevice);
  const paths = new Set(nodes.map(({ device }) => device.path));
  const targets = new Set((edits.mounts ?? []).map(({ containerPath }) => containerPath));
  const gids = [
    ...(process.user.additionalGids ?? []),
    ...(edits.additionalGids ?? []).filter((gid) => gid > 0),
  ];
  const hooks = withHooks(spec.hooks, edits.hooks ?? []);
  return {
    ...spec,
    process: {
      ...process,
      env: withEnv(process.env, edits.env ?? []),
      user: { ...process.user, additionalGids: [...new Set(gids)] },
    },
    mounts: [
      ...mounts.filter(({ destination }) => !targets.has(destination)),
      ...(edits.mounts ?? []).map(({ hostPath, containerPath, type, options }) => ({
        destination: containerPath,
        type: type ?? 'bind',
        source: hostPath,
        options: options ?? ['rbind', 'ro'],
      })),
    ],
    ...(hooks && { hooks }),
    linux: {
      ...linux,
      devices: [
        ...(linux.devices ?? []).filter(({ path }) => !paths.has(path)),
        ...nodes.map(({ device }) => device),
      ],
      resources: {
        ...linux.resources,
        devices: [...(linux.resources?.devices ?? []), ...nodes.flatMap(({ rule }) => (rule ? [rule] : []))],
      },
    },
  };
}

function withEnv(own: readonly string[], more: readonly string[]): string[] {
  const names = new Set(more.map((entry) => entry.split('=', 1)[0]));
  return [...own.filter((entry) => !names.has(entry.split('=', 1)[0])), ...more];
}

function withHooks(own: RuntimeSpec['hooks'], more: NonNullable<CdiEdits['hooks']>): RuntimeSpec['hooks'] {
  if (more.length === 0) return own;
  const hooks: Record<string, RuntimeHook[]> = { ...own };
  for (const { hookName, ...hook } of more) hooks[hookName] = [...(hooks[hookName] ?? []), hook];
  return hooks;
}

/** What the file leaves open is as on the host. Compat: a FIFO has no rule. */
function toDevice(node: DeviceNode): { device: RuntimeDevice; rule: RuntimeDeviceRule | undefined } {
  const filled = node.type !== undefined && node.major !== undefined ? {} : fromHost(node);
  const { type = 'c', major, minor, fileMode } = { ...filled, ...node };
  const kind = type === 'u' ? 'c' : type;
  if (kind !== 'c' && kind !== 'b' && kind !== 'p') {
    throw new EngineError('invalid', `CDI device injection failed: ${node.path}: not a device node`);
  }
  const numbers = { ...(major !== undefined && { major }), ...(minor !== undefined && { minor }) };
  return {
    device: {
      type: kind,
      path: node.path,
      ...numbers,
      ...(fileMode !== undefined && { fileMode }),
      ...(node.uid !== undefined && { uid: node.uid }),
      ...(node.gid !== undefined && { gid: node.gid }),
    },
    rule:
      kind === 'p' ? undefined : { allow: true, type: kind, ...numbers, access: node.permissions || 'rwm' },
  };
}

function fromHost(node: DeviceNode): { type: string; major: number; minor: number; fileMode: number } {
  const path = node.hostPath ?? node.path;
  try {
    const stat = statSync(path);
    const type = stat.isBlockDevice() ? 'b' : stat.isCharacterDevice() ? 'c' : stat.isFIFO() ? 'p' : '';
    return { type, ...deviceNumbers(stat.rdev), fileMode: stat.mode & 0o7777 };
  } catch (error) {
    throw new EngineError('invalid', `CDI device injection failed: ${messageOf(error)}`, { cause: error });
  }
}
