import { inspectCommand } from '../../inspect-command.ts';

export const inspect = inspectCommand({
  noun: 'network',
  operand: 'NETWORK',
  summary: 'Show everything about networks',
  lookUp: (cli) => (name) => cli.engine.networks.inspectText(name),
});
