import { atLeast, type Command } from '../../command.ts';
import { errorText } from '../../error-text.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { platformJson } from '../../platform-json.ts';

interface Options {
  force: Flag<boolean>;
  noPrune: Flag<boolean>;
  platform: Flag<string[]>;
}

export const rm: Command<Options> = {
  operands: '[OPTIONS] IMAGE [IMAGE...]',
  summary: 'Remove images',
  arity: atLeast(1),
  aliases: ['image rm', 'image remove', 'rmi'],
  flags: (flags) => ({
    force: flags.bool('force', { short: 'f', usage: 'Remove it whatever uses it' }),
    noPrune: flags.bool('no-prune', { usage: 'Keep untagged parents' }),
    platform: flags.add<string[]>('platform', [], (text, before) => [...before, ...text.split(',')], {
      type: 'strings',
      usage: 'Only if it is for this platform: os/arch[/variant]',
    }),
  }),
  async run(cli, { force, noPrune, platform }, images) {
    const options = {
      force: force.value,
      noprune: noPrune.value,
      platforms: platform.value.map((text) => platformJson(text)),
    };
    const failures: string[] = [];
    let fatal = false;
    for (const image of images) {
      try {
        const removed = await cli.engine.images.remove(image, options);
        for (const item of removed) {
          cli.print('Untagged' in item ? `Untagged: ${item.Untagged}` : `Deleted: ${item.Deleted}`);
        }
      } catch (error) {
        const absent = (error as { status?: number }).status === 404;
        fatal ||= !(absent && force.value);
        failures.push(errorText(error));
      }
    }
    for (const failure of failures) cli.complain(failure);
    return fatal ? 1 : 0;
  },
};
