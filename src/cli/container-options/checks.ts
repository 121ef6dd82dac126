import { parseBytes } from '../flags/go-values.ts';
import { isIP } from '../flags/ip.ts';
import { cut } from './cut.ts';

/** Checks of single flag values. Each returns the value to keep, or throws Docker's sentence. */

export function stream(text: string): string {
  const lower = text.toLowerCase();
  if (['stdin', 'stdout', 'stderr'].includes(lower)) return lower;
  throw new Error('valid streams are STDIN, STDOUT and STDERR');
}

export function label(text: string): string {
  const [key] = cut(text, '=');
  if (key.trim() === '') throw new Error(`invalid label '${text}': empty name`);
  if (/\s/.test(key)) throw new Error(`label '${key}' contains whitespaces`);
  return text;
}

/** `name:ip` or `name=ip`, kept as `name:ip`. */
export function extraHost(text: string): string {
  const equals = text.indexOf('=');
  const colon = text.indexOf(':');
  const at = equals > 0 && (colon < 0 || equals < colon) ? equals : colon;
  const name = at > 0 ? text.slice(0, at) : '';
  if (name === '') throw new Error(`bad format for add-host: ${JSON.stringify(text)}`);
  let address = text.slice(at + 1);
  if (/^\[.*\]$/.test(address)) address = address.slice(1, -1);
  if (address !== 'host-gateway' && !isIP(address)) {
    throw new Error(`invalid IP address in add-host: ${JSON.stringify(address)}`);
  }
  return `${name}:${address}`;
}

/** Ours: docker has no such flag. */
export function healthAction(text: string): string {
  if (['none', 'restart', 'stop', 'kill'].includes(text)) return text;
  throw new Error('use one of none, restart, stop, kill');
}

export function ipAddress(text: string): string {
  const address = text.trim();
  if (!isIP(address)) throw new Error(`IP address is not correctly formatted: ${text}`);
  return address;
}

const DOMAIN =
  /^(:?(:?[a-zA-Z0-9]|(:?[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))(:?\.(:?[a-zA-Z0-9]|(:?[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])))*)\.?\s*$/;

export function dnsSearch(text: string): string {
  const domain = text.trim();
  if (domain === '.') return domain;
  if (!/[a-zA-Z]/.test(domain) || domain.length >= 255 || !DOMAIN.test(domain)) {
    throw new Error(`${text} is not a valid domain`);
  }
  return domain;
}

export function link(text: string): string {
  if (text === '') throw new Error('empty string specified for links');
  if (text.split(':').length > 2) throw new Error(`bad format for links: ${text}`);
  return text;
}

export function deviceCgroupRule(text: string): string {
  if (!/^[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}$/.test(text)) {
    throw new Error(`invalid device cgroup format '${text}'`);
  }
  return text;
}

const SYSCTLS = new Set([
  'msgmax',
  'msgmnb',
  'msgmni',
  'sem',
  'shmall',
  'shmmax',
  'shmmni',
  'shm_rmid_forced',
]);

export function sysctl(text: string): string {
  const [name, , found] = cut(text, '=');
  const namespaced =
    name.startsWith('net.') || name.startsWith('fs.mqueue.') || SYSCTLS.has(name.replace(/^kernel\./, ''));
  if (found && namespaced) return text;
  throw new Error(`sysctl '${text}' is not allowed`);
}

export function gpus(text: string): string {
  const count = text.includes('=') ? 'all' : text;
  if (count !== 'all' && !/^-?\d+$/.test(count)) {
    throw new Error(`invalid count (${text}): value must be either "all" or an integer: invalid syntax`);
  }
  return text;
}

/** Bytes, or -1. */
export function memorySwap(text: string): number {
  return text === '-1' ? -1 : parseBytes(text);
}

/** Keeps the text if `parse` accepts it. */
export function checked(parse: (text: string) => unknown): (text: string) => string {
  return (text) => {
    parse(text);
    return text;
  };
}
