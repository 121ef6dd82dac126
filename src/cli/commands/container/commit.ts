import { canonicalRepository, parseReference } from '../../../spec/reference.ts';
import { between, type Command } from '../../command.ts';
import type { Flag } from '../../flags/flag-set.ts';

interface Options {
  author: Flag<string>;
  change: Flag<string[]>;
  message: Flag<string>;
  pause: Flag<boolean>;
}

export const commit: Command<Options> = {
  operands: '[OPTIONS] CONTAINER [REPOSITORY[:TAG]]',
  summary: "Make an image of a container's changes",
  arity: between(1, 2),
  aliases: ['container commit', 'commit'],
  flags: (flags) => ({
    author: flags.string('author', { short: 'a', usage: 'Who made it: Name <mail@example.com>' }),
    change: flags.list('change', { short: 'c', usage: 'A Dockerfile instruction for its configuration' }),
    message: flags.string('message', { short: 'm', usage: 'What its history says' }),
    pause: flags.bool('pause', { short: 'p', initial: true, usage: 'Freeze the container meanwhile' }),
  }),
  async run(cli, { author, change, message, pause }, [container = '', reference = '']) {
    const { Id } = await cli.engine.files.commit(container, {
      ...target(reference),
      comment: message.value,
      author: author.value,
      changes: change.value,
      pause: pause.value,
    });
    cli.print(Id);
    return 0;
  },
};

function target(reference: string): { repo?: string; tag?: string } {
  if (reference === '') return {};
  const named = parseReference(reference);
  if (named.digest !== undefined) throw new Error('refusing to create a tag with a digest reference');
  return { repo: canonicalRepository(named), tag: named.tag ?? 'latest' };
}
