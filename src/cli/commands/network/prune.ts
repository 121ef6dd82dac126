import { pruneCommand } from '../../prune-command.ts';
import { pruneNetworks } from '../../prune-nouns.ts';

export const prune = pruneCommand({
  summary: 'Remove all networks that no container is on',

  warning: () => 'This will remove all custom networks not used by at least one container.',
  prune: pruneNetworks,
});
