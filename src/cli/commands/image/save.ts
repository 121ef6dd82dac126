import { atLeast, type Command } from '../../command.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { ReplacingFile } from '../../output/replacing-file.ts';
import { platformJson } from '../../platform-json.ts';

interface Options {
  output: Flag<string>;
  platform: Flag<string>;
}

export const save: Command<Options> = {
  operands: '[OPTIONS] IMAGE [IMAGE...]',
  summary: 'Write images to an archive, to standard output if no file is given',
  arity: atLeast(1),
  aliases: ['image save', 'save'],
  flags: (flags) => ({
    output: flags.string('output', { short: 'o', usage: 'Write to this file' }),
    platform: flags.string('platform', {
      usage: 'Only if the image is for this platform: os/arch[/variant]',
    }),
  }),
  async run(cli, { output, platform }, images) {
    const platforms = platform.value === '' ? [] : [platformJson(platform.value, 'invalid platform: ')];
    const archive = () => cli.engine.images.save(images, platforms.length > 0 ? { platforms } : {});
    if (output.value === '') {
      if (cli.stdout.isTerminal) {
        throw new Error('cowardly refusing to save to a terminal. Use the -o flag or redirect');
      }
      for await (const piece of await archive()) await cli.stdout.stream(piece);
      return 0;
    }
    using file = ReplacingFile.open(output.value, 'failed to save image');
    for await (const piece of await archive()) await file.write(piece);
    file.keep();
    return 0;
  },
};
