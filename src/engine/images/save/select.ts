import { EngineError } from '../../../base/mod.ts';
import { type ImageId, isDigest } from '../../../spec/digest.ts';
import { formatPlatform, hostPlatform, matchesPlatform, type Platform } from '../../../spec/platform.ts';
import {
  canonicalName,
  canonicalRepository,
  familiarRepository,
  parseReference,
  type Reference,
  withDefaultTag,
} from '../../../spec/reference.ts';
import type { StoredImage } from '../../../store/mod.ts';
import type { ImagesContext } from '../context.ts';
import { find } from '../resolve.ts';

/** An image to be saved, with the tags that it has in the archive. */
export interface Selected {
  image: StoredImage;
  tags: Reference[];
}

/**
 * What the names of a `save` mean, each image once, in the order asked for: a name with a tag is that tag; a bare name
 * is all of the repository's tags; an id or a part of one brings no tag. Compat: moby `tarexport` `parseNames`, its
 * sentences included. Throws `not-found`, or `invalid` for what is no reference.
 */
export function selectImages(
  context: ImagesContext,
  names: readonly string[],
  platforms: readonly Platform[],
): Selected[] {
  const selected = new Map<ImageId, Selected>();
  const add = (id: ImageId, tag: Reference | undefined, name: string): void => {
    const known = selected.get(id);
    const one = known ?? { image: imageOf(context, id, name, platforms), tags: [] };
    selected.set(id, one);
    if (tag && !one.tags.some((other) => canonicalName(other) === canonicalName(tag))) one.tags.push(tag);
  };
  for (const name of names) {
    for (const { id, tag } of meaningOf(context, name)) add(id, tag, name);
  }
  return [...selected.values()];
}

interface Meaning {
  id: ImageId;
  tag?: Reference;
}

function meaningOf(context: ImagesContext, name: string): Meaning[] {
  if (/^[0-9a-f]{64}$/.test(name)) return [{ id: `sha256:${name}` as ImageId }];
  if (isDigest(name)) return [{ id: name as string as ImageId }];
  const reference = parseReference(name);
  if (familiarRepository(reference) === 'sha256') return [search(context, name)];
  if (reference.tag === undefined && reference.digest === undefined) {
    const all = ofRepository(context, reference);
    return all.length > 0 ? all : [search(context, name)];
  }
  const exact = reference.digest === undefined ? reference : withoutTag(reference);
  const id = context.images.lookup(canonicalName(exact));
  if (!id) throw new EngineError('not-found', 'reference does not exist');
  return [reference.digest === undefined ? { id, tag: withDefaultTag(reference) } : { id }];
}

function ofRepository(context: ImagesContext, reference: Reference): Meaning[] {
  const repository = canonicalRepository(reference);
  const isOf = (name: string) => name.startsWith(`${repository}:`) || name.startsWith(`${repository}@`);
  return context.images
    .names()
    .filter(({ name }) => isOf(name))
    .map(({ name, id }) => {
      const named = parseReference(name);
      return named.digest === undefined ? { id, tag: named } : { id };
    });
}

/** By a part of an id only: a name has been looked for already. */
function search(context: ImagesContext, name: string): Meaning {
  const image = find(context, name);
  if (!image) throw new EngineError('not-found', `No such image: ${name}`);
  return { id: image.id };
}

function imageOf(
  context: ImagesContext,
  id: ImageId,
  name: string,
  platforms: readonly Platform[],
): StoredImage {
  const image = context.images.get(id);
  if (!image) throw new EngineError('not-found', `No such image: ${name}`);
  const host = hostPlatform();
  const { os = host.os, architecture = host.architecture, variant } = image.config;
  const actual: Platform = { os, architecture, ...(variant ? { variant } : {}) };
  if (platforms.length === 0 || platforms.some((wanted) => matchesPlatform(wanted, actual))) return image;
  const wanted = platforms.map(formatPlatform).join(', ');
  throw new EngineError('not-found', `no suitable export target found for platform ${wanted}`);
}

function withoutTag({ domain, path, digest }: Reference): Reference {
  return { domain, path, ...(digest ? { digest } : {}) };
}
