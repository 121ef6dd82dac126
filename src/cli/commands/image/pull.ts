import { canonicalName, parseReference } from '../../../spec/reference.ts';
import { type Command, exactly } from '../../command.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { pullImage } from '../../session/pull-image.ts';

interface Options {
  allTags: Flag<boolean>;
  quiet: Flag<boolean>;
  platform: Flag<string>;
}

export const pull: Command<Options> = {
  operands: '[OPTIONS] NAME[:TAG|@DIGEST]',
  summary: 'Download an image from a registry',
  arity: exactly(1),
  aliases: ['image pull', 'pull'],
  flags(flags) {
    flags.bool('disable-content-trust', { initial: true, hidden: true });
    return {
      allTags: flags.bool('all-tags', { short: 'a', usage: 'Download all tags of the repository' }),
      quiet: flags.bool('quiet', { short: 'q', usage: 'No progress' }),
      platform: flags.string('platform', { usage: 'Platform of the image: os/arch[/variant]' }),
    };
  },
  async run(cli, { allTags, quiet, platform }, [name = '']) {
    const given = parseReference(name);
    const named = given.tag !== undefined || given.digest !== undefined;
    if (allTags.value && named) throw new Error("tag can't be used with --all-tags/-a");
    if (!allTags.value && !named && !quiet.value) cli.print('Using default tag: latest');
    const options = {
      sink: cli.stdout,
      quiet: quiet.value,
      platform: platform.value,
      allTags: allTags.value,
    };
    cli.print(canonicalName(await pullImage(cli, name, options)));
    return 0;
  },
};
