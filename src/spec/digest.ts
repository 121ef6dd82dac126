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

/** The hex digits after the colon. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}
