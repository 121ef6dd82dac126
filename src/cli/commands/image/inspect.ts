import { inspectCommand } from '../../inspect-command.ts';

export const inspect = inspectCommand({
  noun: 'image',
  operand: 'IMAGE',
  summary: 'Show everything about images',
  lookUp: (cli) => (name) => cli.engine.images.inspectText(name),
});
