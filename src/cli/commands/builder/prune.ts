import { pruneCommand } from '../../prune-command.ts';
import { pruneBuildCache } from '../../prune-nouns.ts';

export const prune = pruneCommand({
  summary: 'Remove what builds left for later ones',
  all: 'Also what is not dangling',
  warning: (all) =>
    all ? 'This will remove all build cache.' : 'This will remove all dangling build cache.',
  prune: pruneBuildCache,
});
