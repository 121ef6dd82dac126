import type { MountRequest } from '../../spec/docker/mod.ts';
import { parseBool, parseBytes } from '../flags/go-values.ts';
import { nodePath } from '../lazy-node.ts';
import { readCsv } from './csv.ts';
import { cut, keyValues } from './cut.ts';

const SWITCHES = new Set(['readonly', 'ro', 'volume-nocopy', 'bind-nonrecursive']);

/** `--mount type=bind,src=/a,dst=/b,readonly`. Compat: docker/cli `opts.MountOpt`. */
export function parseMount(text: string): MountRequest {
  if (text === '') throw new Error('EOF');
  const mount: MountRequest = { Type: 'volume', Target: '' };
  const kinds = new Set<string>();
  let recursive = '';
  for (const field of readCsv(text)) {
    const [rawKey, value, found] = cut(field, '=');
    const key = rawKey.toLowerCase();
    if (!found && !SWITCHES.has(key)) throw new Error(`invalid field '${field}' must be a key=value pair`);
    if (key === 'bind-recursive') recursive = value;
    if (!assign(mount, key, found ? value : 'true'))
      throw new Error(`unexpected key '${rawKey}' in '${field}'`);
    kinds.add(key.slice(0, key.indexOf('-') + 1));
  }
  if (mount.Type === ('' as MountRequest['Type'])) throw new Error('type is required');
  if (mount.Target === '') throw new Error('target is required');
  for (const kind of ['volume', 'image', 'bind', 'tmpfs']) {
    if (kinds.has(`${kind}-`) && mount.Type !== kind) {
      throw new Error(`cannot mix '${kind}-*' options with mount type '${mount.Type}'`);
    }
  }
  if (recursive === 'readonly') checkRecursiveReadOnly(mount);
  if (recursive === 'writable' && !mount.ReadOnly) {
    throw new Error("option 'bind-recursive=writable' requires 'readonly' to be specified in conjunction");
  }
  return mount;
}

function assign(mount: MountRequest, key: string, value: string): boolean {
  switch (key) {
    case 'type':
      mount.Type = value.toLowerCase() as MountRequest['Type'];
      return true;
    case 'source':
    case 'src':
      mount.Source = /^\.\.?(\/|$)/.test(value) ? nodePath().resolve(value) : value;
      return true;
    case 'target':
    case 'dst':
    case 'destination':
      mount.Target = value;
      return true;
    case 'readonly':
    case 'ro':
      if (bool(key, value)) mount.ReadOnly = true;
      return true;
    case 'consistency':
      mount.Consistency = value.toLowerCase();
      return true;
    case 'image-subpath':
      mount.ImageOptions = { Subpath: value };
      return true;
    default:
      return (
        assignBind(mount, key, value) || assignVolume(mount, key, value) || assignTmpfs(mount, key, value)
      );
  }
}

function assignBind(mount: MountRequest, key: string, value: string): boolean {
  const options = mount.BindOptions ?? {};
  if (key === 'bind-propagation') options.Propagation = value.toLowerCase();
  else if (key === 'bind-nonrecursive') options.NonRecursive = bool(key, value);
  else if (key === 'bind-create-src') options.CreateMountpoint = bool(key, value);
  else if (key === 'bind-recursive') {
    if (value === 'disabled') options.NonRecursive = true;
    else if (value === 'writable') options.ReadOnlyNonRecursive = true;
    else if (value === 'readonly') options.ReadOnlyForceRecursive = true;
    else if (value !== 'enabled') {
      const allowed = '"enabled", "disabled", "writable", or "readonly"';
      throw new Error(`invalid value for bind-recursive: ${value} (must be ${allowed})`);
    }
  } else return false;
  mount.BindOptions = options;
  return true;
}

function checkRecursiveReadOnly(mount: MountRequest): void {
  const need = (what: string) =>
    new Error(`option 'bind-recursive=readonly' requires '${what}' to be specified in conjunction`);
  if (!mount.ReadOnly) throw need('readonly');
  if (mount.BindOptions?.Propagation !== 'rprivate') throw need('bind-propagation=rprivate');
}

function assignVolume(mount: MountRequest, key: string, value: string): boolean {
  const options = mount.VolumeOptions ?? {};
  if (key === 'volume-nocopy') options.NoCopy = bool(key, value);
  else if (key === 'volume-subpath') options.Subpath = value;
  else if (key === 'volume-label') options.Labels = { ...options.Labels, ...keyValues([value]) };
  else if (key === 'volume-driver') options.DriverConfig = { ...options.DriverConfig, Name: value };
  else if (key === 'volume-opt') {
    const all = { ...options.DriverConfig?.Options, ...keyValues([value]) };
    options.DriverConfig = { ...options.DriverConfig, Options: all };
  } else return false;
  mount.VolumeOptions = options;
  return true;
}

function assignTmpfs(mount: MountRequest, key: string, value: string): boolean {
  const options = mount.TmpfsOptions ?? {};
  if (key === 'tmpfs-size') options.SizeBytes = valid(key, value, parseBytes);
  else if (key === 'tmpfs-mode') options.Mode = valid(key, value, octal);
  else return false;
  mount.TmpfsOptions = options;
  return true;
}

function octal(text: string): number {
  if (!/^[0-7]+$/.test(text)) throw new Error('not octal');
  return Number.parseInt(text, 8);
}

const bool = (key: string, value: string) => valid(key, value, parseBool);

function valid<T>(key: string, value: string, parse: (text: string) => T): T {
  try {
    return parse(value);
  } catch {
    throw new Error(`invalid value for ${key}: ${value}`);
  }
}
