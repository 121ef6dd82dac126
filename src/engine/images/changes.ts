import { posix } from 'node:path';
import { EngineError } from '../../base/mod.ts';
import type { ImageRunConfig } from '../../spec/docker/mod.ts';
import { expandText, type Lookup, splitWords } from './change-words.ts';
import { parseHealthcheck } from './healthcheck-change.ts';

/**
 * Applies `--change` lines of `docker import` and `docker commit` (Dockerfile instructions that change only the config)
 * to a config, which is altered and given back. Throws `invalid` for any other instruction, in Docker's words.
 */
export function applyChanges(lines: string[], config: ImageRunConfig = {}): ImageRunConfig {
  let commandSet = false;
  for (const line of lines.flatMap((text) => text.split('\n'))) {
    const [, word = '', rest = ''] = /^\s*(\S+)\s*([\s\S]*)$/.exec(line) ?? [];
    const instruction = word.toUpperCase();
    if (instruction === '' || instruction.startsWith('#')) continue;
    apply(config, instruction, rest.trim());
    // Compat: an entry point takes the command away, unless these very changes bring one.
    if (instruction === 'ENTRYPOINT' && !commandSet) config.Cmd = null;
    commandSet ||= instruction === 'CMD';
  }
  return config;
}

function apply(config: ImageRunConfig, instruction: string, rest: string): void {
  const lookup: Lookup = (name) => {
    const entry = config.Env?.find((one) => one.startsWith(`${name}=`));
    return entry?.slice(name.length + 1);
  };
  switch (instruction) {
    case 'CMD':
      config.Cmd = command(rest);
      return;
    case 'ENTRYPOINT':
      config.Entrypoint = command(rest);
      return;
    case 'ENV':
      config.Env = withVariables(config.Env ?? [], pairs(rest, lookup));
      return;
    case 'LABEL':
      config.Labels = { ...(config.Labels ?? {}), ...Object.fromEntries(pairs(rest, lookup)) };
      return;
    case 'EXPOSE':
      config.ExposedPorts ??= {};
      for (const port of splitWords(rest, lookup))
        config.ExposedPorts[port.includes('/') ? port : `${port}/tcp`] = {};
      return;
    case 'VOLUME':
      config.Volumes ??= {};
      for (const path of jsonWords(rest) ?? splitWords(rest, lookup)) config.Volumes[path] = {};
      return;
    case 'USER':
      config.User = expandText(rest, lookup);
      return;
    case 'WORKDIR': {
      const path = expandText(rest, lookup);
      config.WorkingDir = path.startsWith('/') ? path : posix.join('/', config.WorkingDir ?? '', path);
      return;
    }
    case 'STOPSIGNAL':
      config.StopSignal = expandText(rest, lookup);
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

/** A variable that is set keeps its place. */
function withVariables(env: readonly string[], set: readonly (readonly [string, string])[]): string[] {
  const result = [...env];
  for (const [key, value] of set) {
    const at = result.findIndex((entry) => entry.split('=', 1)[0] === key);
    if (at < 0) result.push(`${key}=${value}`);
    else result[at] = `${key}=${value}`;
  }
  return result;
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
function pairs(rest: string, lookup: Lookup): [string, string][] {
  if (!/^[^\s=]+=/.test(rest)) {
    const [, key = '', value = ''] = /^(\S+)\s*([\s\S]*)$/.exec(rest) ?? [];
    return [[key, expandText(value, lookup)]];
  }
  return splitWords(rest, lookup).map((word) => {
    const cut = word.indexOf('=');
    return cut < 0 ? [word, ''] : [word.slice(0, cut), word.slice(cut + 1)];
  });
}
