import { pruneCommand } from '../../prune-command.ts';
import { pruneImages } from '../../prune-nouns.ts';

export const prune = pruneCommand({
  summary: 'Remove images that no container uses',
  all: 'Also those that have a tag',
  warning: (all) =>
    all
      ? 'This will remove all images without at least one container associated to them.'
      : 'This will remove all dangling images.',
  prune: pruneImages,
});
