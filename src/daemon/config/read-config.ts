import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { EngineError, errnoOf, messageOf } from '../../base/mod.ts';
import { parseSize } from '../../engine/size.ts';
import { remappedRoot } from '../remapped-root.ts';
import { readAddressing, readNetworkOptions } from './addressing.ts';
import type { Config } from './config.ts';
import { readContainerDefaults } from './container-defaults.ts';
import { flagError } from './flag-error.ts';
import { KEYS } from './keys.ts';
import { readRemap } from './remap.ts';

type Values = Record<string, unknown>;

const DEFAULT_CONFIG_FILE = '/etc/minke/daemon.json';
const DEFAULT_EXEC_ROOT = '/run/minke';
const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/**
 * Reads flags and daemon.json. A setting in both places is an error, as on Docker; so is an unknown key. Throws
 * `invalid`.
 */
export function readConfig(argv: string[]): Config {
  const flags = readFlags(argv);
  const named = flags['config-file'];
  const file = readFile(typeof named === 'string' ? named : DEFAULT_CONFIG_FILE, named !== undefined);
  const both = Object.keys(file).filter((key) => flags[key] !== undefined);
  if (both.length > 0) {
    const rows = both.map(
      (key) => `${key}: (from flag: ${String(flags[key])}, from file: ${String(file[key])})`,
    );
    throw new EngineError(
      'invalid',
      `the following directives are specified both as a flag and in the configuration file: ${rows.join(', ')}`,
    );
  }
  return Object.freeze(toConfig({ ...file, ...flags }));
}

function readFlags(argv: string[]): Values {
  const options: NonNullable<Parameters<typeof parseArgs>[0]>['options'] = {
    'config-file': { type: 'string' },
  };
  for (const [key, { type, flag = key, short }] of Object.entries(KEYS)) {
    if (type === 'lists') continue;
    options[flag] = {
      type: type === 'boolean' || type === 'ignored' ? 'boolean' : 'string',
      multiple: ['list', 'map', 'objects', 'list of objects'].includes(type),
      ...(short ? { short } : {}),
    };
  }
  let values: Values;
  try {
    ({ values } = parseArgs({ args: argv.flatMap(splitBoolean), options, allowNegative: true }));
  } catch (error) {
    throw flagError(error);
  }
  const read: Values = { ...('config-file' in values ? { 'config-file': values['config-file'] } : {}) };
  for (const [key, { type, flag = key }] of Object.entries(KEYS)) {
    const value = values[flag];
    if (value === undefined) continue;
    read[key] =
      type === 'map' ? toMap(value as string[]) : type === 'number' ? toNumber(flag, value as string) : value;
  }
  return read;
}

/** `--icc=false` is Go's spelling of `--no-icc`. */
function splitBoolean(arg: string): string[] {
  const match = /^--([a-z0-9-]+)=(true|false)$/.exec(arg);
  const key = Object.entries(KEYS).find(([name, { flag = name }]) => flag === match?.[1]);
  if (!match || !key || !['boolean', 'ignored'].includes(key[1].type)) return [arg];
  return [match[2] === 'true' ? `--${match[1]}` : `--no-${match[1]}`];
}

function readFile(path: string, mustExist: boolean): Values {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (!mustExist && errnoOf(error) === 'ENOENT') return {};
    const why = `unable to configure the daemon with file ${path}: ${messageOf(error)}`;
    throw new EngineError('invalid', why, { cause: error });
  }
  let json: unknown;
  try {
    json = text.trim() === '' ? {} : JSON.parse(text);
  } catch (error) {
    const why = `unable to configure the daemon with file ${path}: ${messageOf(error)}`;
    throw new EngineError('invalid', why, { cause: error });
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new EngineError(
      'invalid',
      `unable to configure the daemon with file ${path}: it is not a JSON object`,
    );
  }
  const values = flattened(path, json as Values);
  const unknown = Object.keys(values).filter((key) => KEYS[key] === undefined);
  if (unknown.length > 0) {
    const names = unknown.join(', ');
    const why = `unable to configure the daemon with file ${path}: the following directives don't match any configuration option: ${names}`;
    throw new EngineError('invalid', why);
  }
  for (const [key, value] of Object.entries(values)) checkType(path, key, value);
  return values;
}

/** The settings that stand in an object of their own, beside the others. */
function flattened(path: string, values: Values): Values {
  const flat: Values = {};
  for (const [key, value] of Object.entries(values)) {
    const within = Object.entries(KEYS).filter(([, known]) => known.within === key);
    if (KEYS[key]?.within !== undefined || within.length === 0) {
      flat[KEYS[key]?.within === undefined ? key : `${key} (outside of "${KEYS[key].within}")`] = value;
      continue;
    }
    checkMap(path, key, value);
    const names = within.map(([name]) => name);
    for (const [name, inner] of Object.entries(value as Values)) {
      flat[names.includes(name) ? name : `${key}.${name}`] = inner;
    }
  }
  return flat;
}

function checkMap(path: string, key: string, value: unknown): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  throw new EngineError(
    'invalid',
    `unable to configure the daemon with file ${path}: "${key}" must be an object`,
  );
}

function checkType(path: string, key: string, value: unknown): void {
  const isTexts = (list: unknown) => Array.isArray(list) && list.every((one) => typeof one === 'string');
  const isList = isTexts(value);
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  const isLists = isMap && Object.values(value).every(isTexts);
  const type = KEYS[key]?.type ?? 'ignored';
  const right =
    type === 'ignored' ||
    (type === 'list' && isList) ||
    ((type === 'map' || type === 'objects') && isMap) ||
    (type === 'lists' && isLists) ||
    (type === 'list of objects' && Array.isArray(value)) ||
    (['string', 'boolean', 'number'].includes(type) && type === typeof value);
  if (!right) {
    throw new EngineError(
      'invalid',
      `unable to configure the daemon with file ${path}: "${key}" must be a ${type === 'lists' ? 'map of lists' : type}`,
    );
  }
}

function toConfig(values: Values): Config {
  const text = (key: string, otherwise: string) => (values[key] as string | undefined) ?? otherwise;
  const flag = (key: string, otherwise: boolean) => (values[key] as boolean | undefined) ?? otherwise;
  const list = (key: string) => (values[key] as string[] | undefined) ?? [];
  const number = (key: string, otherwise: number) => (values[key] as number | undefined) ?? otherwise;
  const execRoot = resolve(text('exec-root', DEFAULT_EXEC_ROOT));
  const level = text('log-level', flag('debug', false) ? 'debug' : 'info');
  const storage = text('storage-driver', 'overlay2');
  if (storage !== 'overlay2')
    throw new EngineError('invalid', `storage driver ${storage} is not supported: use overlay2`);
  if (!LEVELS.includes(level as 'info')) throw new EngineError('invalid', `invalid logging level: ${level}`);
  const dataRoot = resolve(text('data-root', '/var/lib/minke'));
  const idMap = readRemap(text('userns-remap', ''));
  const mtu = number('mtu', 1500);
  const attempts = number('max-download-attempts', 5);
  if (attempts < 1) throw new EngineError('invalid', `invalid max download attempts: ${attempts}`);
  if (mtu < 0) throw new EngineError('invalid', `invalid default MTU: ${mtu}`);
  return {
    dataRoot: idMap ? remappedRoot(dataRoot, idMap) : dataRoot,
    idMap,
    execRoot,
    hosts: list('hosts').length > 0 ? list('hosts') : [`unix://${execRoot}/minke.sock`],
    pidfile: text('pidfile', `${execRoot}/minked.pid`),
    debug: flag('debug', false) || level === 'debug',
    logLevel: level as Config['logLevel'],
    group: text('group', 'docker'),
    addressing: readAddressing(values),
    networkOptions: readNetworkOptions(values['default-network-opts']),
    bridge: text('bridge', bridgeName(execRoot)),
    mtu,
    icc: flag('icc', true),
    ip: text('ip', ''),
    masquerade: flag('ip-masq', true),
    hostPolicy: {
      iptables: flag('iptables', true),
      ip6tables: flag('ip6tables', true),
      ipForward: flag('ip-forward', true),
      respectFirewall: respectsFirewall(text('published-ports', 'docker')),
    },
    dns: list('dns'),
    dnsSearch: list('dns-search'),
    dnsOptions: list('dns-opts'),
    defaultShmSize: parseSize(text('default-shm-size', '64m')),
    maxLayerSize: text('max-layer-size', '') === '' ? undefined : parseSize(text('max-layer-size', '')),
    defaultRuntime: values['default-runtime'] as string | undefined,
    ...readContainerDefaults(values),
    logDriver: text('log-driver', 'json-file'),
    logOptions: (values['log-opts'] as Record<string, string> | undefined) ?? {},
    cgroupDriver: cgroupDriver(list('exec-opts')),
    cgroupParent: text('cgroup-parent', ''),
    maxConcurrentDownloads: number('max-concurrent-downloads', 3),
    maxConcurrentUploads: number('max-concurrent-uploads', 5),
    registryMirrors: list('registry-mirrors'),
    insecureRegistries: list('insecure-registries'),
    mirrors: (values['mirrors'] as Record<string, string[]> | undefined) ?? {},
    maxDownloadAttempts: attempts,
    proxies: {
      http: text('http-proxy', fromEnvironment('HTTP_PROXY')),
      https: text('https-proxy', fromEnvironment('HTTPS_PROXY')),
      no: text('no-proxy', fromEnvironment('NO_PROXY')),
    },
    liveRestore: flag('live-restore', true),
    shutdownTimeout: number('shutdown-timeout', 15),
    labels: list('labels'),
  };
}

/** Ours. `docker`: published ports are reached whatever the host's INPUT chains say. */
function respectsFirewall(value: string): boolean {
  if (value === 'respect-firewall' || value === 'docker') return value === 'respect-firewall';
  throw new EngineError(
    'invalid',
    `invalid published-ports: ${JSON.stringify(value)}: it must be "docker" or "respect-firewall"`,
  );
}

/** Compat: Go looks for the name in capitals first. */
function fromEnvironment(name: string): string {
  return process.env[name] || process.env[name.toLowerCase()] || '';
}

function cgroupDriver(options: string[]): Config['cgroupDriver'] {
  for (const option of options) {
    const driver = /^native\.cgroupdriver=(.*)$/.exec(option)?.[1];
    if (driver === 'cgroupfs' || driver === 'systemd') return driver;
    throw new EngineError('invalid', `invalid option for exec-opts: ${option}`);
  }
  return undefined;
}

/** `minke0`, or a name of its own for each other exec-root, so that several daemons do not share a bridge. */
export function bridgeName(execRoot: string): string {
  if (execRoot === DEFAULT_EXEC_ROOT) return 'minke0';
  return `minke-${createHash('sha256').update(execRoot).digest('hex').slice(0, 8)}`;
}

function toMap(entries: string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const cut = entry.indexOf('=');
      return cut < 0 ? [entry, ''] : [entry.slice(0, cut), entry.slice(cut + 1)];
    }),
  );
}

function toNumber(flag: string, text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text);
  throw new EngineError(
    'invalid',
    `invalid argument "${text}" for "--${flag}" flag: it must be a whole number`,
  );
}
