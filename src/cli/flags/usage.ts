import type { Command } from '../command.ts';
import type { Flag, FlagSet } from './flag-set.ts';

/** `Usage:  minke run [OPTIONS] IMAGE …`, as it stands above the help and below usage errors. */
export function usageLine(name: string, command: Command): string {
  return `Usage:  ${[name, command.operands].filter(Boolean).join(' ')}`;
}

/** The whole help of a command. Compat: the layout of the docker CLI's. */
export function commandHelp(name: string, command: Command, flags: FlagSet): string {
  const parts = [usageLine(name, command), command.summary];
  if (command.aliases)
    parts.push(`Aliases:\n  ${command.aliases.map((alias) => `minke ${alias}`).join(', ')}`);
  const lines = flagLines(flags.all().filter((flag) => !flag.hidden));
  if (lines.length > 0) parts.push(`Options:\n${lines.join('\n')}`);
  return `${parts.join('\n\n')}\n`;
}

/** One line a flag, texts aligned. */
export function flagLines(flags: Flag<unknown>[]): string[] {
  const left = flags.map(({ name, short, type }) => {
    const both = short ? `  -${short}, --${name}` : `      --${name}`;
    return type ? `${both} ${type}` : both;
  });
  const width = Math.max(0, ...left.map((text) => text.length));
  return flags.map(({ usage, preset }, i) => {
    const text = preset ? `${usage} (default ${preset})` : usage;
    return `${(left[i] ?? '').padEnd(width)}   ${text}`.trimEnd();
  });
}

/** Docker's sentence for a wrong number of operands; undefined if the number is right. */
export function arityComplaint(name: string, command: Command, count: number): string | undefined {
  const { min, max } = command.arity;
  if (count >= min && count <= max) return undefined;
  const plural = (n: number) => `${n} ${n === 1 ? 'argument' : 'arguments'}`;
  if (max === 0) return `'${name}' accepts no arguments`;
  if (min === max) return `'${name}' requires ${plural(min)}`;
  if (max === Number.POSITIVE_INFINITY) return `'${name}' requires at least ${plural(min)}`;
  if (min > 0) return `'${name}' requires at least ${min} and at most ${plural(max)}`;
  return `'${name}' requires at most ${plural(max)}`;
}
