import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { EngineError } from '../../../base/mod.ts';
import type { MountRequest } from '../../../spec/docker/mod.ts';
import { PROPAGATIONS, whyNoDestination, whyNotAbsolute } from './mount-spec.ts';

/** Checks an entry of `Mounts`. Throws `invalid` in Docker's words. Compat: moby `linuxParser.ValidateMountConfig`. */
export function checkMount(mount: MountRequest): void {
  const why = whyWrong(mount);
  if (why) {
    throw new EngineError('invalid', `invalid mount config for type "${mount.Type}": ${why}`);
  }
}

function whyWrong(mount: MountRequest): string | undefined {
  if (!mount.Target) return 'field Target must not be empty';
  const destination = whyNoDestination(mount.Target);
  if (destination) return destination;
  switch (mount.Type) {
    case 'bind':
      return whyNoBind(mount);
    case 'volume':
      return whyNoVolume(mount);
    case 'tmpfs':
      return whyNoTmpfs(mount);
    case 'image':
      return whyNoImage(mount);
    default:
      return 'mount type unknown';
  }
}

function whyNoBind({ Source: source, BindOptions, VolumeOptions }: MountRequest): string | undefined {
  if (!source) return 'field Source must not be empty';
  const propagation = BindOptions?.Propagation ?? '';
  if (propagation !== '' && !PROPAGATIONS.includes(propagation)) {
    return `invalid propagation mode: ${propagation}`;
  }
  if (VolumeOptions) return 'field VolumeOptions must not be specified';
  const relative = whyNotAbsolute(source);
  if (relative) return relative;
  if (!BindOptions?.CreateMountpoint && !existsSync(source)) {
    return `bind source path does not exist: ${source}`;
  }
  return undefined;
}

function whyNoVolume({ Source, ReadOnly, BindOptions, VolumeOptions }: MountRequest): string | undefined {
  if (BindOptions) return 'field BindOptions must not be specified';
  if (VolumeOptions?.Subpath && !Source) return 'must not set Subpath when using anonymous volumes';
  if (ReadOnly && !Source) return 'must not set ReadOnly mode when using anonymous volumes';
  if (VolumeOptions?.Subpath && !isLocal(VolumeOptions.Subpath)) {
    return 'subpath must be a relative path within the volume';
  }
  return undefined;
}

function whyNoImage({ Source, BindOptions, VolumeOptions, TmpfsOptions, ImageOptions }: MountRequest) {
  if (BindOptions) return 'field BindOptions must not be specified';
  if (VolumeOptions) return 'field VolumeOptions must not be specified';
  if (TmpfsOptions) return 'field TmpfsOptions must not be specified';
  if (!Source) return 'field Source must not be empty';
  if (ImageOptions?.Subpath && !isLocal(ImageOptions.Subpath)) {
    return 'subpath must be a relative path within the volume';
  }
  return undefined;
}

/** Spec: Go's `filepath.IsLocal`. */
function isLocal(path: string): boolean {
  return !path.startsWith('/') && !/^\.\.(\/|$)/.test(posix.normalize(path));
}

function whyNoTmpfs({ Source, BindOptions, TmpfsOptions }: MountRequest): string | undefined {
  if (BindOptions) return 'field BindOptions must not be specified';
  if (Source) return 'field Source must not be specified';
  for (const option of TmpfsOptions?.Options ?? []) {
    if (option.length < 1 || option.length > 2) return 'invalid option array length';
    if (option[0] !== 'exec' && option[0] !== 'noexec') return `invalid option: ${option[0]}`;
  }
  return undefined;
}
