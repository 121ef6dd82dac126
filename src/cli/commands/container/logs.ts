import { splitOutput } from '../../../client/mod.ts';
import { type Command, exactly } from '../../command.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { timestamp } from '../../timestamp.ts';

interface Options {
  details: Flag<boolean>;
  follow: Flag<boolean>;
  since: Flag<string>;
  tail: Flag<string>;
  timestamps: Flag<boolean>;
  until: Flag<string>;
}

export const logs: Command<Options> = {
  operands: '[OPTIONS] CONTAINER',
  summary: "Print a container's output",
  arity: exactly(1),
  aliases: ['container logs', 'logs'],
  flags: (flags) => ({
    details: flags.bool('details', { usage: 'Show what the logging driver added' }),
    follow: flags.bool('follow', { short: 'f', usage: 'Go on with what comes' }),
    since: flags.string('since', {
      usage: 'From this time on: 2026-01-02T13:23:37Z, or 42m for 42 minutes ago',
    }),
    tail: flags.string('tail', { short: 'n', usage: 'Lines from the end', initial: 'all' }),
    timestamps: flags.bool('timestamps', { short: 't', usage: 'Show when it was said' }),
    until: flags.string('until', {
      usage: 'Up to this time: 2026-01-02T13:23:37Z, or 42m for 42 minutes ago',
    }),
  }),
  async run(cli, options, [name = '']) {
    const { Id, Config } = await cli.engine.containers.inspect(name);
    const now = Date.now();
    const body = await cli.engine.containers.logs(Id, {
      stdout: true,
      stderr: true,
      follow: options.follow.value,
      timestamps: options.timestamps.value,
      details: options.details.value,
      tail: options.tail.value,
      since: readTime('since', options.since.value, now),
      until: readTime('until', options.until.value, now),
    });
    if (Config.Tty) for await (const chunk of body) await cli.stdout.stream(chunk);
    else {
      for await (const { stream, data } of splitOutput(body)) {
        await (stream === 'stderr' ? cli.stderr : cli.stdout).stream(data);
      }
    }
    return 0;
  },
};

function readTime(flag: string, text: string, now: number): string {
  try {
    return timestamp(text, now);
  } catch (error) {
    throw new Error(`invalid value for "${flag}": ${(error as Error).message}`);
  }
}
