import { inspectCommand } from '../../inspect-command.ts';
import { platformJson } from '../../platform-json.ts';

export const inspect = inspectCommand({
  noun: 'image',
  operand: 'IMAGE',
  summary: 'Show everything about images',
  hasPlatform: true,
  lookUp: (cli, { platform }) => {
    const wanted = platform === '' ? {} : { platform: platformJson(platform) };
    return (name) => cli.engine.images.inspectText(name, wanted);
  },
});
