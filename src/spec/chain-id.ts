import { createHash } from 'node:crypto';
import type { ChainId, DiffId } from './digest.ts';

/** Chain ids of a stack of layers, bottom first. Spec: OCI image spec, config.md, "Layer ChainID". */
export function chainIds(diffIds: readonly DiffId[]): ChainId[] {
  const chain: ChainId[] = [];
  let below: ChainId | undefined;
  for (const diffId of diffIds) {
    below = chainIdOf(below, diffId);
    chain.push(below);
  }
  return chain;
}

/** Chain id of a layer above `parent`. */
export function chainIdOf(parent: ChainId | undefined, diffId: DiffId): ChainId {
  if (parent === undefined) return diffId as unknown as ChainId;
  return `sha256:${createHash('sha256').update(`${parent} ${diffId}`).digest('hex')}` as ChainId;
}
