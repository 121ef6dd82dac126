import { EngineError } from '../../base/mod.ts';
import type { HealthConfig } from '../../spec/docker/mod.ts';
import { goDuration } from '../moment.ts';

const FLAGS: Record<string, 'Interval' | 'Timeout' | 'StartPeriod' | 'StartInterval'> = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
};

/**
 * The rest of a `HEALTHCHECK` instruction: `NONE`, or flags and `CMD` with a shell line or a list of words. `words` reads
 * a list of words, undefined if it is none. Throws `invalid`. Spec: Dockerfile reference, HEALTHCHECK.
 */
export function parseHealthcheck(text: string, words: (text: string) => string[] | undefined): HealthConfig {
  const config: HealthConfig = {};
  let rest = text;
  for (let flag = FLAG.exec(rest); flag; flag = FLAG.exec(rest)) {
    const [all, name = '', value = ''] = flag;
    rest = rest.slice(all.length);
    const key = FLAGS[name];
    if (key) config[key] = duration(value);
    else if (name === 'retries' && /^\d+$/.test(value)) config.Retries = Number(value);
    else throw new EngineError('invalid', `unknown flag: ${name}`);
  }
  const [, type = '', command = ''] = /^(\S*)\s*([\s\S]*)$/.exec(rest) ?? [];
  if (type.toUpperCase() === 'NONE') {
    if (command !== '') throw new EngineError('invalid', 'HEALTHCHECK NONE takes no arguments');
    return { Test: ['NONE'] };
  }
  if (type.toUpperCase() !== 'CMD') {
    throw new EngineError('invalid', `Unknown type ${JSON.stringify(type)} in HEALTHCHECK (try CMD)`);
  }
  if (command === '') throw new EngineError('invalid', 'Missing command after HEALTHCHECK CMD');
  const list = words(command);
  return { Test: list ? ['CMD', ...list] : ['CMD-SHELL', command], ...config };
}

const FLAG = /^--([a-z-]+)=(\S*)\s*/;

/** Nanoseconds of `1m30s`. */
function duration(text: string): number {
  const nanoseconds = goDuration(text);
  if (nanoseconds !== undefined) return Number(nanoseconds);
  throw new EngineError('invalid', `time: invalid duration ${JSON.stringify(text)}`);
}
