import { EngineError } from '../../base/mod.ts';
import type { ImageRunConfig } from '../../spec/docker/mod.ts';
import { parseHealthcheck } from './healthcheck-change.ts';

/**
 * Applies `--change` lines of `docker import` (Dockerfile instructions that change only the config). Throws `invalid`
 * for any other instruction, in Docker's words.
 */
export function applyChanges(lines: string[]): ImageRunConfig {
  const config: ImageRunConfig = {};
  for (const line of lines) {
    const [, word = '', rest = ''] = /^\s*(\S+)\s*([\s\S]*)$/.exec(line) ?? [];
    apply(config, word.toUpperCase(), rest.trim());
  }
  return config;
}

function apply(config: ImageRunConfig, instruction: string, rest: string): void {
  switch (instruction) {
    case 'CMD':
      config.Cmd = command(rest);
      return;
    case 'ENTRYPOINT':
      config.Entrypoint = command(rest);
      return;
    case 'ENV':
      config.Env = [...(config.Env ?? []), ...pairs(rest).map(([key, value]) => `${key}=${value}`)];
      return;
    case 'LABEL':
      config.Labels = { ...(config.Labels ?? {}), ...Object.fromEntries(pairs(rest)) };
      return;
    case 'EXPOSE':
      config.ExposedPorts ??= {};
      for (const port of words(rest)) config.ExposedPorts[port.includes('/') ? port : `${port}/tcp`] = {};
      return;
    case 'VOLUME':
      config.Volumes ??= {};
      for (const path of jsonWords(rest) ?? words(rest)) config.Volumes[path] = {};
      return;
    case 'USER':
      config.User = rest;
      return;
    case 'WORKDIR':
      config.WorkingDir = rest;
      return;
    case 'STOPSIGNAL':
      config.StopSignal = rest;
      return;
    case 'HEALTHCHECK':
      config.Healthcheck = parseHealthcheck(rest, jsonWords);
      return;
    case 'ONBUILD':
      config.OnBuild = [...(config.OnBuild ?? []), rest];
      return;
    default:
      throw new EngineError('invalid', `${instruction.toLowerCase()} is not a valid change command`);
  }
}

/** Exec form as it is, shell form under `/bin/sh -c`. */
function command(rest: string): string[] {
  return jsonWords(rest) ?? ['/bin/sh', '-c', rest];
}

function jsonWords(rest: string): string[] | undefined {
  if (!rest.startsWith('[')) return undefined;
  try {
    const parsed: unknown = JSON.parse(rest);
    return Array.isArray(parsed) && parsed.every((word) => typeof word === 'string') ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** `a=b "c=d e"` or the old form `key value`. */
function pairs(rest: string): [string, string][] {
  if (!/^[^\s=]+=/.test(rest)) {
    const [, key = '', value = ''] = /^(\S+)\s*([\s\S]*)$/.exec(rest) ?? [];
    return [[key, value]];
  }
  return words(rest).map((word) => {
    const cut = word.indexOf('=');
    return cut < 0 ? [word, ''] : [word.slice(0, cut), word.slice(cut + 1)];
  });
}

/** Words separated by blanks, with quotes and backslashes removed. */
function words(rest: string): string[] {
  const found = rest.match(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/g) ?? [];
  return found.map((word) =>
    word.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/g, (_, a, b, c) => a ?? b ?? c ?? ''),
  );
}
