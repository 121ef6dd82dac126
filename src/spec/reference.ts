import { EngineError } from '../base/mod.ts';
import { type Digest, isDigest } from './digest.ts';

/** A parsed, normalized image reference. Spec: distribution `reference` grammar; Docker Hub names are familiar ones. */
export interface Reference {
  /** Registry host with port: `docker.io`, `localhost:5000`. */
  domain: string;
  /** Repository path in that registry: `library/busybox`. */
  path: string;
  tag?: string;
  digest?: Digest;
}

const DEFAULT_DOMAIN = 'docker.io';
const OFFICIAL = 'library/';
const DEFAULT_TAG = 'latest';
/** Spec: the longest path that `distribution/reference` accepts. */
const MAX_PATH = 255;
/** No legal reference comes near; it bounds what the expressions below are run on. */
const MAX_TEXT = 4096;

const DOMAIN_PART = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const DOMAIN = `(?:${DOMAIN_PART}(?:\\.${DOMAIN_PART})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const PATH_PART = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const TAG = '\\w[\\w.-]{0,127}';
const DIGEST = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
const REFERENCE = new RegExp(`^(${DOMAIN})/(${PATH_PART}(?:/${PATH_PART})*)(?::(${TAG}))?(?:@(${DIGEST}))?$`);
const TAG_ONLY = new RegExp(`^${TAG}$`);
const IDENTIFIER = /^[a-f0-9]{64}$/;

/**
 * What a user typed (`busybox`, `host:5000/a/b:tag@sha256:…`) as a normalized reference; no tag is added. Throws
 * `invalid` in Docker's words. Compat: `ParseNormalizedNamed` of distribution/reference 0.6.
 */
export function parseReference(text: string): Reference {
  if (IDENTIFIER.test(text)) {
    throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const { domain, remainder } = splitDomain(text);
  const repository = remainder.split(':', 1)[0] ?? '';
  if (repository.toLowerCase() !== repository) {
    throw invalid(`invalid reference format: repository name (${repository}) must be lowercase`);
  }
  const match = text.length > MAX_TEXT ? null : REFERENCE.exec(`${domain}/${remainder}`);
  const [, host, path, tag, digest] = match ?? [];
  if (host === undefined || path === undefined) throw invalid('invalid reference format');
  if (path.length > MAX_PATH) {
    throw invalid(`repository name must not be more than ${MAX_PATH} characters`);
  }
  return {
    domain: host,
    path,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest: checkDigest(digest) }),
  };
}

/** The repository's full name: `docker.io/library/busybox`. */
export function canonicalRepository(ref: Reference): string {
  return `${ref.domain}/${ref.path}`;
}

/** The repository as people write it: `busybox`, `user/app`, `host:5000/a/b`. Compat: `reference.FamiliarName`. */
export function familiarRepository(ref: Reference): string {
  if (ref.domain !== DEFAULT_DOMAIN) return canonicalRepository(ref);
  const short = ref.path.startsWith(OFFICIAL) ? ref.path.slice(OFFICIAL.length) : ref.path;
  if (!short.includes('/')) return short;
  // Compat: Docker shortens these too, and then takes its own output for a name of another registry.
  return looksLikeHost(ref.path.slice(0, ref.path.indexOf('/'))) ? canonicalRepository(ref) : ref.path;
}

/** Full name with tag and digest, as far as there are any: `docker.io/library/busybox:latest`. */
export function canonicalName(ref: Reference): string {
  return canonicalRepository(ref) + suffix(ref);
}

/** As people write it, with tag and digest, as far as there are any: `busybox:latest`. Compat: `FamiliarString`. */
export function familiarName(ref: Reference): string {
  return familiarRepository(ref) + suffix(ref);
}

/** The reference, with the tag `latest` if it has neither tag nor digest. */
export function withDefaultTag(ref: Reference): Reference {
  return ref.tag === undefined && ref.digest === undefined ? { ...ref, tag: DEFAULT_TAG } : ref;
}

/** The same repository with this tag and no digest; throws `invalid` if it is none. */
export function withTag(ref: Reference, tag: string): Reference {
  if (!TAG_ONLY.test(tag)) throw invalid('invalid tag format');
  return { domain: ref.domain, path: ref.path, tag };
}

/** The same repository with this digest and no tag. */
export function withDigest(ref: Reference, digest: Digest): Reference {
  return { domain: ref.domain, path: ref.path, digest };
}

/**
 * A first element is a host only if it looks like one; the rest is a repository of Docker Hub. The old name
 * `index.docker.io` is the same place.
 */
function splitDomain(text: string): { domain: string; remainder: string } {
  const slash = text.indexOf('/');
  if (slash < 0) return { domain: DEFAULT_DOMAIN, remainder: OFFICIAL + text };
  const first = text.slice(0, slash);
  const rest = text.slice(slash + 1);
  const isHost = looksLikeHost(first);
  if (first !== 'index.docker.io' && isHost && first !== DEFAULT_DOMAIN) {
    return { domain: first, remainder: rest };
  }
  const remainder = isHost ? rest : text;
  return { domain: DEFAULT_DOMAIN, remainder: remainder.includes('/') ? remainder : OFFICIAL + remainder };
}

function looksLikeHost(element: string): boolean {
  return element === 'localhost' || /[.:]/.test(element) || element.toLowerCase() !== element;
}

/** Compat: go-digest's `Validate`; of its algorithms the engine has sha256 only. */
function checkDigest(text: string): Digest {
  if (isDigest(text)) return text;
  if (!text.startsWith('sha256:')) throw invalid('unsupported digest algorithm');
  if (text.length !== 'sha256:'.length + 64) throw invalid('invalid checksum digest length');
  throw invalid('invalid checksum digest format');
}

function suffix(ref: Reference): string {
  return (ref.tag === undefined ? '' : `:${ref.tag}`) + (ref.digest === undefined ? '' : `@${ref.digest}`);
}

function invalid(message: string): EngineError {
  return new EngineError('invalid', message);
}
