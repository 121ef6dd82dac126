import type { Ulimit } from '../../spec/docker/mod.ts';
import { parseInt64 } from '../flags/go-values.ts';
import { cut } from './cut.ts';

const NAMES = new Set(
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(
    ' ',
  ),
);

/** `--ulimit name=soft[:hard]`; -1 is unlimited. */
export function parseUlimit(text: string): Ulimit {
  const [name, limits, found] = cut(text, '=');
  if (!found) throw new Error(`invalid ulimit argument: ${text}`);
  if (!NAMES.has(name)) throw new Error(`invalid ulimit type: ${name}`);
  const values = limits.split(':');
  if (values.length > 2) {
    throw new Error(`too many limit value arguments - ${limits}, can only have up to two, \`soft[:hard]\``);
  }
  const soft = parseInt64(values[0] ?? '');
  const hard = values[1] === undefined ? soft : parseInt64(values[1]);
  if (hard !== -1 && (soft > hard || soft === -1)) {
    throw new Error(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  }
  return { Name: name, Soft: soft, Hard: hard };
}
