import { createHash } from 'node:crypto';
import type { Digest } from './digest.ts';

/** The sha256 digest of bytes that are all here. Why a file of its own: node:crypto costs a program's start. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}
