import { type Command, exactly } from '../../command.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { ReplacingFile } from '../../output/replacing-file.ts';

interface Options {
  output: Flag<string>;
}

export const exportContainer: Command<Options> = {
  operands: '[OPTIONS] CONTAINER',
  summary: "Write a container's files to an archive, to standard output if no file is given",
  arity: exactly(1),
  aliases: ['container export', 'export'],
  flags: (flags) => ({ output: flags.string('output', { short: 'o', usage: 'Write to this file' }) }),
  async run(cli, { output }, [container = '']) {
    if (output.value === '') {
      if (cli.stdout.isTerminal) {
        throw new Error('cowardly refusing to save to a terminal. Use the -o flag or redirect');
      }
      for await (const piece of await cli.engine.files.export(container)) await cli.stdout.stream(piece);
      return 0;
    }
    using file = ReplacingFile.open(output.value, 'failed to export container');
    for await (const piece of await cli.engine.files.export(container)) await file.write(piece);
    file.keep();
    return 0;
  },
};
