import { pruneCommand } from '../../prune-command.ts';
import { pruneVolumes } from '../../prune-nouns.ts';

export const prune = pruneCommand({
  summary: 'Remove volumes that no container uses',
  all: 'Also those that have a name',
  warning: (all) =>
    all
      ? 'This will remove all local volumes not used by at least one container.'
      : 'This will remove anonymous local volumes not used by at least one container.',
  prune: pruneVolumes,
});
