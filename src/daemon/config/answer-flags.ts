import { type Identity, readIdentity } from '../identity.ts';
import { KEYS } from './keys.ts';

/** What `--version` and `--help` print; undefined if neither is asked for. Compat: dockerd, `-v` and `-h` too. */
export function answerFlags(
  argv: readonly string[],
  identity: () => Identity = readIdentity,
): string | undefined {
  if (argv.some((arg) => arg === '--help' || arg === '-h')) return usage();
  if (!argv.some((arg) => arg === '--version' || arg === '-v')) return undefined;
  const { version, gitCommit } = identity();
  return `Minke version ${version}, build ${gitCommit || 'unknown'}\n`;
}

function usage(): string {
  const flags = Object.entries(KEYS)
    .filter(([, { type }]) => type !== 'lists')
    .map(([key, { flag = key, short, type }]) => ({
      flag,
      short,
      type: type === 'ignored' ? 'boolean' : type,
    }));
  const own = [
    { flag: 'config-file', short: undefined, type: 'string' },
    { flag: 'help', short: 'h', type: 'boolean' },
    { flag: 'version', short: 'v', type: 'boolean' },
  ];
  const lines = [...flags, ...own]
    .sort((a, b) => a.flag.localeCompare(b.flag))
    .map(({ flag, short, type }) => {
      const value = type === 'boolean' ? '' : ` ${type === 'list of objects' ? 'list' : type}`;
      return `  ${short ? `-${short}, ` : '    '}--${flag}${value}`;
    });
  return `Usage:  minked [OPTIONS]\n\nThe flags are dockerd's; so are the keys of daemon.json.\n\nOptions:\n${lines.join('\n')}\n`;
}
