import type { ByteString } from '../../spec/tar/mod.ts';

/** What a staged layer leaves for its commit, when its parent is known. Kept beside its `diff` as `join.json`. */
export interface StagedJoin {
  /** Directories without a member of their own, parents first; '' is the root. One character is one byte. */
  implied: ByteString[];
  links: DeferredLink[];
}

/** A hard link whose target this layer does not have: it is in a layer below. */
export interface DeferredLink {
  path: ByteString;
  target: ByteString;
}
