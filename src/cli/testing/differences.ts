import type { Outcome } from './outcome.ts';

const NO_NOTE = 'says nothing of a builder that docker has no more';

const LIST = { method: 'GET', path: '/containers/json', query: {} };

/** Where minke answers a case in its own way, and why. Anything not named here is as docker does it. */
export const DIFFERENCES: Record<string, { why: string; minke: Partial<Omit<Outcome, 'argv'>> }> = {
  'ps --format {{.Foo}}': { why: 'asks before it fills the template', minke: { requests: [LIST] } },
  'builder prune -f': { why: NO_NOTE, minke: { stderr: '' } },
  'builder prune -af --filter until=1h': { why: NO_NOTE, minke: { stderr: '' } },
  'ps --format {{': { why: 'asks before it reads the template', minke: { requests: [LIST] } },
};
