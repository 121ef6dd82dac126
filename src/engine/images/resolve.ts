import { EngineError } from '../../base/mod.ts';
import type { ImageId } from '../../spec/digest.ts';
import type { ImageConfig } from '../../spec/oci/image.ts';
import { formatPlatform, hostPlatform, matchesPlatform, type Platform } from '../../spec/platform.ts';
import {
  canonicalName,
  familiarName,
  parseReference,
  type Reference,
  withDefaultTag,
} from '../../spec/reference.ts';
import type { StoredImage } from '../../store/mod.ts';
import type { ImagesContext } from './context.ts';

/**
 * The image that `ref` means: a full id, a name with tag or digest, or a unique prefix of an id, in this order.
 * Compat: moby `daemon/images/image.go` `GetImage`.
 */
export function resolve(context: ImagesContext, ref: string, platform?: Platform): StoredImage {
  const image = find(context, ref);
  if (!image) throw new EngineError('not-found', `No such image: ${shown(ref)}`);
  const mismatch = platform && platformMismatch(ref, image.config, platform);
  if (mismatch) throw new EngineError('not-found', mismatch);
  return image;
}

/** As `resolve`, undefined if there is none. */
export function find(context: ImagesContext, ref: string): StoredImage | undefined {
  const { images } = context;
  const hex = ref.startsWith('sha256:') ? ref.slice(7) : ref;
  if (/^[0-9a-f]{64}$/.test(hex)) {
    const byId = images.get(`sha256:${hex}` as ImageId);
    if (byId) return byId;
  }
  const named = tryReference(ref);
  const id = named && lookup(context, named);
  if (id) return images.get(id);
  return byPrefix(context, hex);
}

/** True if `ref` names the image by (part of) its id. Compat: moby `isImageIDPrefix`. */
export function isIdPrefix(id: ImageId, ref: string): boolean {
  return id === ref || id.slice('sha256:'.length).startsWith(ref) || id.startsWith(ref);
}

function lookup(context: ImagesContext, named: Reference): ImageId | undefined {
  if (named.digest) {
    const exact: Reference = { domain: named.domain, path: named.path, digest: named.digest };
    return context.images.lookup(canonicalName(exact));
  }
  return context.images.lookup(canonicalName(withDefaultTag(named)));
}

function byPrefix(context: ImagesContext, hex: string): StoredImage | undefined {
  if (!/^[0-9a-f]+$/.test(hex)) return undefined;
  const matches = context.images.list().filter(({ id }) => id.startsWith(`sha256:${hex}`));
  return matches.length === 1 ? matches[0] : undefined;
}

function tryReference(ref: string): Reference | undefined {
  try {
    return parseReference(ref);
  } catch {
    return undefined;
  }
}

/** The ref with its default tag, as Docker's error shows it. An ill-formed one is an error of its own. */
function shown(ref: string): string {
  if (/^[0-9a-f]{64}$/.test(ref)) return `sha256:${ref}`;
  if (/^sha256:[0-9a-f]+$/.test(ref)) return ref;
  return familiarName(withDefaultTag(parseReference(ref)));
}

/** Docker's sentence for an image that is not of the platform asked for; undefined if it is. */
export function platformMismatch(ref: string, config: ImageConfig, wanted: Platform): string | undefined {
  const host = hostPlatform();
  const actual: Platform = {
    os: config.os ?? host.os,
    architecture: config.architecture ?? host.architecture,
    ...(config.variant ? { variant: config.variant } : {}),
  };
  if (matchesPlatform(wanted, actual)) return undefined;
  return `image with reference ${ref} was found but its platform (${formatPlatform(actual)}) does not match the specified platform (${formatPlatform(wanted)})`;
}
