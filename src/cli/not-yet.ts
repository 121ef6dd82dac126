/** What the docker CLI has and we have not; the nouns with all of their verbs. */
const NOUNS = [
  'buildx',
  'checkpoint',
  'compose',
  'config',
  'context',
  'manifest',
  'node',
  'plugin',
  'secret',
];
const MORE_NOUNS = ['service', 'stack', 'swarm', 'trust', 'volume update'];
const VERBS = ['build', 'builder build', 'image build'];
const NOT_YET: ReadonlySet<string> = new Set([...NOUNS, ...MORE_NOUNS, ...VERBS]);

/** True for a command that is no mistake, but does not exist in `minke` yet. Asked for unknown commands only. */
export function isNotYet(group: readonly string[], word: string): boolean {
  return NOT_YET.has([...group, word].join(' '));
}
