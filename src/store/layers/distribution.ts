import { atomicWrite } from '../../sys/mod.ts';
import type { Layout } from '../layout.ts';
import { digestFile } from './layer-db.ts';
import type { StagedLayer } from './layer-store.ts';
import { readOptional } from './overlay-directory.ts';

/** Compat: one entry of `v2metadata-by-diffid`, by which a push finds that a registry has the blob already. */
interface Origin {
  Digest: string;
  SourceRepository: string;
  HMAC: string;
}

/** Docker keeps as many, the latest last. */
const MAX_ORIGINS = 50;

/** Notes from which repository the blob of a diffID came. */
export function addOrigin(layout: Layout, staged: StagedLayer): void {
  if (staged.repository === undefined) return;
  const path = digestFile(layout.digestsByDiffId, staged.diffId);
  const origin: Origin = { Digest: staged.digest, SourceRepository: staged.repository, HMAC: '' };
  const others = readOrigins(path).filter(
    (known) => known.Digest !== origin.Digest || known.SourceRepository !== origin.SourceRepository,
  );
  atomicWrite(path, JSON.stringify([...others, origin].slice(-MAX_ORIGINS)), { mode: 0o644 });
}

function readOrigins(path: string): Origin[] {
  try {
    const origins: unknown = JSON.parse(readOptional(path) ?? '[]');
    return Array.isArray(origins) ? origins : [];
  } catch {
    return [];
  }
}
