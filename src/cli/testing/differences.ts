import type { Outcome } from './outcome.ts';

const NO_NOTE = 'says nothing of a builder that docker has no more';

const LIST = { method: 'GET', path: '/containers/json', query: {} };

const PUSHED = `The push refers to repository [docker.io/library/busybox]
3fa8a5ee98e2: Preparing
3fa8a5ee98e2: Pushed
latest: digest: sha256:aa size: 527
`;

const STATS = ['abcdef012345', 'bbbbbb012345', 'cccccc012345'].map((id) => ({
  method: 'GET',
  path: `/containers/${id}/stats`,
  query: { stream: '0' },
}));

/** Where minke answers a case in its own way, and why. Anything not named here is as docker does it. */
export const DIFFERENCES: Record<string, { why: string; minke: Partial<Omit<Outcome, 'argv'>> }> = {
  'ps --format {{.Foo}}': { why: 'asks before it fills the template', minke: { requests: [LIST] } },
  'builder prune -f': { why: NO_NOTE, minke: { stderr: '' } },
  'builder prune -af --filter until=1h': { why: NO_NOTE, minke: { stderr: '' } },
  'push --platform linux/arm64 localhost:5000/x:y': {
    why: 'says nothing of indexes, which no engine with layers in overlay2 pushes',
    minke: { stdout: PUSHED },
  },
  'update --kernel-memory 4m a': {
    why: 'does not send what no engine reads any more',
    minke: { requests: [{ method: 'POST', path: '/containers/a/update', query: {}, body: {} }] },
  },
  'stats --no-stream': {
    why: 'asks for no events where it ends at once',
    minke: { requests: [...STATS, LIST] },
  },
  'stats --no-stream -a': {
    why: 'asks for no events where it ends at once',
    minke: { requests: [...STATS, { ...LIST, query: { all: '1' } }] },
  },
  'ps --format {{': { why: 'asks before it reads the template', minke: { requests: [LIST] } },
};
