import { inspectCommand } from '../../inspect-command.ts';

export const inspect = inspectCommand({
  noun: 'container',
  operand: 'CONTAINER',
  summary: 'Show everything about containers',
  hasSize: true,
  lookUp:
    (cli, { size }) =>
    (name) =>
      cli.engine.containers.inspectText(name, { size }),
});
