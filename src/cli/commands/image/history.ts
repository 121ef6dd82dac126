import { type Command, exactly } from '../../command.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { type ListFormat, printList } from '../../output/format-list.ts';
import { ellipsis } from '../../output/text.ts';
import { humanDuration, humanSize } from '../../output/units.ts';
import { platformJson } from '../../platform-json.ts';

interface Options {
  format: Flag<string>;
  human: Flag<boolean>;
  noTrunc: Flag<boolean>;
  platform: Flag<string>;
  quiet: Flag<boolean>;
}

const COMMAND_WIDTH = 45;

function historyFormat(human: boolean): ListFormat {
  return {
    headers: {
      ID: 'IMAGE',
      CreatedSince: 'CREATED',
      CreatedAt: 'CREATED AT',
      CreatedBy: 'CREATED BY',
      Size: 'SIZE',
      Comment: 'COMMENT',
    },
    table: `{{.ID}}\t{{.${human ? 'CreatedSince' : 'CreatedAt'}}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}`,
    goType: '*image.historyContext',
  };
}

export const history: Command<Options> = {
  operands: '[OPTIONS] IMAGE',
  summary: 'Show how an image was made',
  arity: exactly(1),
  aliases: ['image history', 'history'],
  flags: (flags) => ({
    format: flags.string('format', { usage: "'table', 'table TEMPLATE', 'json' or a Go template" }),
    human: flags.bool('human', { short: 'H', usage: 'Sizes and dates for people', initial: true }),
    noTrunc: flags.bool('no-trunc', { usage: 'Show everything in full' }),
    platform: flags.string('platform', { usage: 'Only if it is for this platform: os/arch[/variant]' }),
    quiet: flags.bool('quiet', { short: 'q', usage: 'Only ids' }),
  }),
  async run(cli, { format, human, noTrunc, platform, quiet }, [image = '']) {
    const wanted =
      platform.value === '' ? {} : { platform: platformJson(platform.value, 'invalid platform: ') };
    const items = await cli.engine.images.history(image, wanted);
    const rows = items.map((item) => {
      const command = item.CreatedBy.replaceAll('\t', ' ');
      return {
        ID: noTrunc.value ? item.Id : item.Id.replace(/^sha256:/, '').slice(0, 12),
        CreatedSince: human.value ? `${humanDuration(Date.now() / 1000 - item.Created)} ago` : '',
        CreatedAt: new Date(item.Created * 1000).toISOString().replace(/\.\d+Z$/, 'Z'),
        CreatedBy: noTrunc.value ? command : ellipsis(command, COMMAND_WIDTH),
        Size: human.value ? humanSize(item.Size, 3) : String(item.Size),
        Comment: item.Comment,
      };
    });
    if (quiet.value) for (const { ID } of rows) cli.print(ID);
    else printList(cli, format.value, historyFormat(human.value), rows);
    return 0;
  },
};
