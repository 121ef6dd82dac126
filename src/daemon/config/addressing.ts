import { isIP } from 'node:net';
import { EngineError } from '../../base/mod.ts';
import { type AddressPoolSetting, parsePrefix } from '../../net/mod.ts';
import type { Config } from './config.ts';

type Values = Record<string, unknown>;

/** The settings about addresses of networks. Throws `invalid`. */
export function readAddressing(values: Values): Config['addressing'] {
  const text = (key: string) => (values[key] as string | undefined) ?? '';
  return {
    ipv6: values['ipv6'] === true,
    bip: cidr('bip', text('bip'), 4),
    bip6: cidr('bip6', text('bip6'), 6),
    fixedCidr: cidr('fixed-cidr', text('fixed-cidr'), 4),
    fixedCidrV6: cidr('fixed-cidr-v6', text('fixed-cidr-v6'), 6),
    gateway: address('default-gateway', text('default-gateway'), 4),
    gatewayV6: address('default-gateway-v6', text('default-gateway-v6'), 6),
    pools: readPools(values['default-address-pools']),
  };
}

function cidr(key: string, text: string, family: 4 | 6): string {
  if (text === '' || parsePrefix(text)?.family === family) return text;
  throw new EngineError('invalid', `parse ${key} failed: invalid CIDR address: ${text}`);
}

function address(key: string, text: string, family: 4 | 6): string {
  if (text === '' || isIP(text) === family) return text;
  throw new EngineError(
    'invalid',
    `invalid argument "${text}" for "--${key}" flag: ${text} is not an ip address`,
  );
}

/** Objects of daemon.json, or texts of flags: `base=10.0.0.0/8,size=24`. Compat: keys in any case (moby PoolsOpt). */
function readPools(value: unknown): AddressPoolSetting[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw wrongShape('default-address-pools', 'a list of objects');
  return value.map((each: unknown) => {
    const pool = typeof each === 'string' ? poolOfFlag(each) : lowered(each);
    const { base = '', size = 0, ...others } = pool;
    if (typeof base !== 'string' || typeof size !== 'number' || Object.keys(others).length > 0) {
      throw wrongShape('default-address-pools', 'a list of objects with "base" and "size"');
    }
    return { base, size };
  });
}

function lowered(value: unknown): Values {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongShape('default-address-pools', 'a list of objects');
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.toLowerCase(), inner]));
}

function poolOfFlag(text: string): Values {
  const refuse = (why: string) => {
    return new EngineError('invalid', `invalid argument "${text}" for "--default-address-pool" flag: ${why}`);
  };
  const pool: Values = {};
  for (const field of text.toLowerCase().split(',')) {
    const [key = '', value, ...rest] = field.split('=');
    if (value === undefined || rest.length > 0) {
      throw refuse(`invalid field '${field}' must be a key=value pair`);
    }
    if (key === 'base') pool['base'] = value;
    else if (key !== 'size') throw refuse(`unexpected key '${key}' in '${field}'`);
    else if (/^[+-]?\d+$/.test(value)) pool['size'] = Number(value);
    else throw refuse(`invalid size value: "${value}" (must be integer)`);
  }
  return pool;
}

/**
 * Driver options that networks of a driver get which set none of their own: an object of objects in daemon.json,
 * `bridge=key=value` as flag.
 */
export function readNetworkOptions(value: unknown): Record<string, Record<string, string>> {
  const options: Record<string, Record<string, string>> = {};
  if (value === undefined) return options;
  if (Array.isArray(value)) {
    for (const text of value as string[]) {
      const match = /^([^=]+)=([^=]+)=(.*)$/s.exec(text);
      const [, driver = '', key = '', setting = ''] = match ?? [];
      if (!match) {
        const why = `invalid argument "${text}" for "--default-network-opt" flag: invalid value: it must be a driver=key=value`;
        throw new EngineError('invalid', why);
      }
      options[driver] = { ...options[driver], [key]: setting };
    }
    return options;
  }
  for (const [driver, settings] of Object.entries(value as Values)) {
    const right =
      typeof settings === 'object' &&
      settings !== null &&
      Object.values(settings).every((one) => typeof one === 'string');
    if (!right) throw wrongShape('default-network-opts', 'an object of objects of strings');
    options[driver] = settings as Record<string, string>;
  }
  return options;
}

function wrongShape(key: string, shape: string): EngineError {
  return new EngineError('invalid', `unable to configure the daemon: "${key}" must be ${shape}`);
}
