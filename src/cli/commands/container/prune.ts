import { pruneCommand } from '../../prune-command.ts';
import { pruneContainers } from '../../prune-nouns.ts';

export const prune = pruneCommand({
  summary: 'Remove all stopped containers',

  warning: () => 'This will remove all stopped containers.',
  prune: pruneContainers,
});
