import { Cli, type Streams } from './cli.ts';
import { type Command, ExitError } from './command.ts';
import { findCommand } from './commands/tree.ts';
import { errorText } from './error-text.ts';
import { FlagSet, UsageError } from './flags/flag-set.ts';
import { arityComplaint, commandHelp, usageLine } from './flags/usage.ts';
import { globalFlags, hostOf, tlsOf } from './global-flags.ts';
import { isNotYet } from './not-yet.ts';
import { Sink } from './terminal/sink.ts';

const USAGE_EXIT = 125;

/** Runs one command line; the result is the exit code. */
export async function runProgram(
  argv: string[],
  env: Record<string, string | undefined>,
  streams: Streams = { stdout: new Sink(1), stderr: new Sink(2) },
): Promise<number> {
  const flags = new FlagSet();
  const globals = globalFlags(flags);
  let cli = new Cli(streams, env, '');
  try {
    const words = flags.parse(argv, { stopAtOperand: true });
    if (globals.version.value) {
      cli.print('Minke version 0.1.0');
      return 0;
    }
    if (words.length === 0 || words[0] === 'help') return await help(cli, words.slice(1));
    if (globals.help.value) return await help(cli, words);
    const found = await findCommand(words);
    if ('missing' in found) return unknownCommand(cli, found.missing, words[found.depth]);
    if ('group' in found) return await help(cli, words);
    cli = new Cli(streams, env, hostOf(globals, env), tlsOf(globals, env));
    cli.name = `minke ${found.names.join(' ')}`;
    return await runCommand(cli, found.command, words.slice(found.names.length));
  } catch (error) {
    return report(cli, error);
  }
}

async function runCommand(cli: Cli, command: Command, args: string[]): Promise<number> {
  const flags = new FlagSet();
  const options = command.flags(flags);
  const help = flags.bool('help', { usage: 'Print usage', hidden: true });
  const operands = parseOrExplain(cli, command, () => {
    return flags.parse(args, { stopAtOperand: command.stopAtOperand ?? false });
  });
  if (help.value) {
    cli.stdout.write(commandHelp(cli.name, command, flags));
    return 0;
  }
  const complaint = arityComplaint(cli.name, command, operands.length);
  if (complaint) {
    const see = /at least \d+ argument/.test(complaint) ? 'See' : 'Run';
    const more = `${see} '${cli.name} --help' for more information`;
    throw new ExitError(1, `minke: ${complaint}\n\n${usageLine(cli.name, command)}\n\n${more}`);
  }
  return await command.run(cli, options, operands);
}

function parseOrExplain(cli: Cli, command: Command, parse: () => string[]): string[] {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const usage = usageLine(cli.name, command);
    const more = `Run '${cli.name} --help' for more information`;
    throw new ExitError(USAGE_EXIT, `${error.message}\n\n${usage}\n\n${more}`);
  }
}

function report(cli: Cli, error: unknown): number {
  if (error instanceof ExitError) {
    if (error.message) cli.complain(error.message);
    return error.exitCode;
  }
  if (error instanceof UsageError) {
    const more = "Run 'minke --help' for more information";
    cli.complain(`${error.message}\n\nUsage:  minke [OPTIONS] COMMAND [ARG...]\n\n${more}`);
    return USAGE_EXIT;
  }
  cli.complain(errorText(error));
  return 1;
}

function unknownCommand(cli: Cli, group: string[], word = ''): number {
  const name = ['minke', ...group].join(' ');
  if (isNotYet(group, word)) {
    cli.complain(`minke: '${name} ${word}' is not implemented by Minke yet`);
    return 1;
  }
  const usage = group.length > 0 ? `Usage:  ${name}\n\n` : '';
  cli.complain(
    `minke: unknown command: ${name} ${word}\n\n${usage}Run '${name} --help' for more information`,
  );
  return 1;
}

async function help(cli: Cli, words: string[]): Promise<number> {
  const found = await findCommand(words);
  if ('missing' in found) return unknownCommand(cli, found.missing, words[found.depth]);
  if ('group' in found) {
    const { groupHelp } = await import('./group-help.ts');
    cli.stdout.write(groupHelp(found.group, found.names));
    return 0;
  }
  const flags = new FlagSet();
  found.command.flags(flags);
  cli.stdout.write(commandHelp(`minke ${found.names.join(' ')}`, found.command, flags));
  return 0;
}
