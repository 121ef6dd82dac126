import { parseReference } from '../../../spec/reference.ts';
import { atLeast, type Command } from '../../command.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { ProgressDisplay } from '../../output/progress.ts';
import { inputFile } from '../../session/input-file.ts';

interface Options {
  change: Flag<string[]>;
  message: Flag<string>;
  platform: Flag<string>;
}

export const importImage: Command<Options> = {
  operands: '[OPTIONS] file|URL|- [REPOSITORY[:TAG]]',
  summary: 'Make an image of a root file system in an archive',
  arity: atLeast(1),
  aliases: ['image import', 'import'],
  flags: (flags) => ({
    change: flags.list('change', { short: 'c', usage: 'A Dockerfile instruction for its configuration' }),
    message: flags.string('message', {
      short: 'm',
      usage: "What its history says; 'Imported from -' otherwise",
    }),
    platform: flags.string('platform', { usage: 'Platform of the image: os/arch[/variant]' }),
  }),
  async run(cli, { change, message, platform }, [source = '', reference = '']) {
    const isUrl = /^https?:\/\//.test(source);
    const content = isUrl ? source : inputFile(source);
    // Compat: said before anything is sent.
    if (reference !== '') parseReference(reference);
    const display = new ProgressDisplay(cli.stdout);
    const records = cli.engine.images.import(content, {
      repo: reference,
      message: message.value,
      changes: change.value,
      platform: platform.value.toLowerCase(),
    });
    for await (const record of records) display.show(record);
    return 0;
  },
};
