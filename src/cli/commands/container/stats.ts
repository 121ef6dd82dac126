import type { ContainerStats } from '../../../spec/docker/mod.ts';
import type { Cli } from '../../cli.ts';
import { atLeast, type Command } from '../../command.ts';
import { errorText } from '../../error-text.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { renderList } from '../../output/format-list.ts';
import { STATS_FORMAT, statsRow } from '../../output/stats-row.ts';

interface Options {
  all: Flag<boolean>;
  format: Flag<string>;
  noStream: Flag<boolean>;
  noTrunc: Flag<boolean>;
}

const DRAW_MS = 500;
/** Samples come each second: without one for so long the figures are not shown. */
const STALE_MS = 2000;
const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

/** A container that is watched. */
interface Watched {
  sample?: ContainerStats;
  at: number;
  failure?: unknown;
  readonly stop: AbortController;
  /** Resolves with the first sample, or a failure. */
  readonly first: Promise<void>;
}

export const stats: Command<Options> = {
  operands: '[OPTIONS] [CONTAINER...]',
  summary: 'Show what containers use, live',
  arity: atLeast(0),
  aliases: ['container stats', 'stats'],
  flags: (flags) => ({
    all: flags.bool('all', { short: 'a', usage: 'Show those that do not run, too' }),
    format: flags.string('format', { usage: "'table', 'table TEMPLATE', 'json' or a Go template" }),
    noStream: flags.bool('no-stream', { usage: 'Show one result and end' }),
    noTrunc: flags.bool('no-trunc', { usage: 'Show ids in full' }),
  }),
  async run(cli, options, names) {
    const watched = new Map<string, Watched>();
    const watch = (name: string) => {
      if (!watched.has(name)) watched.set(name, watchOne(cli, name, !options.noStream.value));
    };
    for (const name of names.length > 0 ? names : await listed(cli, options.all.value)) watch(name);
    await Promise.all([...watched.values()].map(({ first }) => first));
    if (names.length > 0) throwFailures(watched);
    const draw = () => render(watched, options);
    if (options.noStream.value) {
      cli.stdout.write(draw());
      return 0;
    }
    for (let turn = 0; ; turn++) {
      cli.stdout.write(HOME + linesOf(draw()).join('') + CLEAR_BELOW);
      await new Promise((resolve) => setTimeout(resolve, DRAW_MS));
      if (names.length === 0 && turn % 2 === 1) follow(watched, await listed(cli, options.all.value), watch);
    }
  },
};

/** Ids as `stats` shows them where it is not asked for some by name. */
async function listed(cli: Cli, all: boolean): Promise<string[]> {
  return (await cli.engine.containers.list({ all })).map(({ Id }) => Id.slice(0, 12));
}

function watchOne(cli: Cli, name: string, stream: boolean): Watched {
  const first = Promise.withResolvers<void>();
  const one: Watched = { at: 0, stop: new AbortController(), first: first.promise };
  void (async () => {
    try {
      const { signal } = one.stop;
      for await (const sample of await cli.engine.containers.stats(name, { stream, signal })) {
        one.sample = sample;
        one.at = performance.now();
        first.resolve();
      }
    } catch (error) {
      if (!one.stop.signal.aborted) one.failure = error;
    } finally {
      first.resolve();
    }
  })();
  return one;
}

/** Compat: one that is not there ends it all, said at the start. */
function throwFailures(watched: ReadonlyMap<string, Watched>): void {
  const failures = [...watched.values()].filter(({ failure }) => failure !== undefined);
  if (failures.length === 0) return;
  for (const { stop } of watched.values()) stop.abort();
  throw new Error(failures.map(({ failure }) => errorText(failure)).join('\n'));
}

/** Watches what has come, and no more what has gone. */
function follow(watched: Map<string, Watched>, there: string[], watch: (name: string) => void): void {
  for (const [name, { stop }] of watched) {
    if (there.includes(name)) continue;
    stop.abort();
    watched.delete(name);
  }
  for (const name of there) watch(name);
}

function render(watched: ReadonlyMap<string, Watched>, options: Options): string {
  const now = performance.now();
  const rows = [...watched].map(([name, { sample, at, failure }]) => {
    const isStale = failure !== undefined || (!options.noStream.value && now - at > STALE_MS);
    return statsRow(name, sample, { trunc: !options.noTrunc.value, isStale });
  });
  return renderList(options.format.value, STATS_FORMAT, rows);
}

/** Over what the screen shows: the rest of each line goes. */
function linesOf(text: string): string[] {
  return text.split('\n').map((line) => `${line} ${CLEAR_LINE}\n`);
}
