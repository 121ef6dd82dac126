import type { Digest } from './digest.ts';

/** A parsed, normalized image reference. Spec: distribution `reference` grammar; Docker Hub names are familiar ones. */
export interface Reference {
  /** Registry host with port: `docker.io`, `localhost:5000`. */
  domain: string;
  /** Repository path in that registry: `library/busybox`. */
  path: string;
  tag?: string;
  digest?: Digest;
}
