import type { Outcome } from './outcome.ts';

/** Where minke answers a case in its own way, and why. Anything not named here is as docker does it. */
export const DIFFERENCES: Record<string, { why: string; minke: Partial<Omit<Outcome, 'argv'>> }> = {};
