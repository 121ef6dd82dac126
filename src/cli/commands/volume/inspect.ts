import { inspectCommand } from '../../inspect-command.ts';

export const inspect = inspectCommand({
  noun: 'volume',
  operand: 'VOLUME',
  summary: 'Show everything about volumes',
  lookUp: (cli) => (name) => cli.engine.volumes.inspectText(name),
});
