import { EngineError } from '../base/mod.ts';

/** Digest of bytes as transferred or stored: `sha256:` + 64 lower-case hex digits. */
export type Digest = string & { readonly __brand: 'Digest' };
/** Digest of a layer's uncompressed tar. */
export type DiffId = Digest & { readonly __diff: 'DiffId' };
/** Identity of a stack of layers. Spec: OCI image spec, config.md, "Layer ChainID". */
export type ChainId = Digest & { readonly __chain: 'ChainId' };
/** Digest of an image's config. */
export type ImageId = Digest & { readonly __image: 'ImageId' };

const SHA256 = /^sha256:[0-9a-f]{64}$/;

/** True if `text` is a sha256 digest in canonical form. */
export function isDigest(text: string): text is Digest {
  return SHA256.test(text);
}

/** The digest in `text`; throws `invalid` with Docker's sentence. */
export function parseDigest<T extends Digest = Digest>(text: string): T {
  if (isDigest(text)) return text as T;
  if (/^[a-z0-9]+([.+_-][a-z0-9]+)*:[0-9a-zA-Z]+$/.test(text) && !text.startsWith('sha256:')) {
    throw new EngineError('invalid', 'unsupported digest algorithm');
  }
  throw new EngineError('invalid', 'invalid checksum digest format');
}

/** The hex digits after the colon. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}
