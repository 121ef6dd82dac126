import { parsePlatform } from '../../../spec/platform.ts';
import { type Command, NONE } from '../../command.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { ProgressDisplay } from '../../output/progress.ts';
import { inputFile } from '../../session/input-file.ts';
import { isTerminal } from '../../terminal/is-terminal.ts';

interface Options {
  input: Flag<string>;
  quiet: Flag<boolean>;
  platform: Flag<string>;
}

export const load: Command<Options> = {
  operands: '[OPTIONS]',
  summary: 'Load images from an archive',
  arity: NONE,
  aliases: ['image load', 'load'],
  flags: (flags) => ({
    input: flags.string('input', { short: 'i', usage: 'File to read; standard input without it' }),
    quiet: flags.bool('quiet', { short: 'q', usage: 'No progress' }),
    platform: flags.string('platform', { usage: 'Only images for this: os/arch[/variant]' }),
  }),
  async run(cli, { input, quiet, platform }) {
    if (input.value === '' && isTerminal(0)) throw new Error('requested load from stdin, but stdin is empty');
    const archive = inputFile(input.value || '-');
    const platforms = platform.value === '' ? [] : [JSON.stringify(platformOf(platform.value))];
    const display = new ProgressDisplay(cli.stdout);
    const isQuiet = quiet.value || !cli.stdout.isTerminal;
    const records = cli.engine.images.load(archive, { quiet: isQuiet, platforms });
    for await (const record of records) display.show(record);
    return 0;
  },
};

function platformOf(text: string) {
  try {
    return parsePlatform(text);
  } catch (error) {
    throw new Error(`invalid platform: ${(error as Error).message}`, { cause: error });
  }
}
