import type { DeviceMapping, DeviceRequest, ThrottleDevice } from '../../spec/docker/mod.ts';
import { parseBytes, parseUint } from '../flags/go-values.ts';
import { readCsv } from './csv.ts';
import { cut } from './cut.ts';

const isMode = (text: string) => /^[rwm]+$/.test(text) && new Set(text).size === text.length;

/** `--device source[:target][:rwm]`. */
export function parseDevice(text: string): DeviceMapping {
  const parts = text.split(':');
  const [source = '', second, third] = parts;
  if (source === '' || parts.length > 3) throw new Error(`bad format for path: ${text}`);
  const secondIsMode = parts.length === 2 && second !== undefined && isMode(second);
  const target = second === undefined || secondIsMode ? source : second;
  const mode = third ?? (secondIsMode ? second : 'rwm');
  if (target === '') throw new Error(`bad format for path: ${text}`);
  if (!isMode(mode)) throw new Error(`bad mode specified: ${mode}`);
  if (!target.startsWith('/')) throw new Error(`${target} is not an absolute path`);
  return { PathOnHost: source, PathInContainer: target, CgroupPermissions: mode };
}

/** Spec: Container Device Interface: `vendor.com/class=name`, which no path is. */
export function isCdiName(text: string): boolean {
  return /^[A-Za-z][\w.-]*\/[A-Za-z][\w-]*=[A-Za-z0-9][\w.:-]*$/.test(text);
}

/** One request for all `--device` that name devices of the Container Device Interface. */
export function cdiRequest(texts: readonly string[]): DeviceRequest[] {
  const names = texts.filter(isCdiName);
  if (names.length === 0) return [];
  return [{ Driver: 'cdi', Count: 0, DeviceIDs: names, Capabilities: null, Options: null }];
}

/** `--device-read-bps /dev/sda:1mb` and its three sisters. */
export function parseThrottle(text: string, unit: 'bytes' | 'operations'): ThrottleDevice {
  const [path, rate] = pathAnd(text);
  try {
    return { Path: path, Rate: unit === 'bytes' ? parseBytes(rate) : parseUint(rate) };
  } catch {
    const format = unit === 'bytes' ? '<device-path>:<number>[<unit>]' : '<device-path>:<number>';
    const more = unit === 'bytes' ? '. Unit is optional and can be kb, mb, or gb' : '';
    throw new Error(
      `invalid rate for device: ${text}. The correct format is ${format}. Number must be a positive integer${more}`,
    );
  }
}

/** `--blkio-weight-device /dev/sda:500`. */
export function parseWeightDevice(text: string): { Path: string; Weight: number } {
  const [path, weight] = pathAnd(text);
  const number = /^\d+$/.test(weight) ? Number(weight) : Number.NaN;
  if (Number.isNaN(number) || (number > 0 && (number < 10 || number > 1000))) {
    throw new Error(`invalid weight for device: ${text}`);
  }
  return { Path: path, Weight: number };
}

/** `--gpus all`, `--gpus 2`, `--gpus device=0,capabilities=utility`. */
export function parseGpus(text: string): DeviceRequest {
  const request: DeviceRequest = { Driver: '', Count: 0, DeviceIDs: null, Capabilities: [], Options: {} };
  for (const field of readCsv(text)) {
    const [key, value, found] = cut(field, '=');
    if (!found) request.Count = key === 'all' ? -1 : Number(key);
    else if (key === 'driver') request.Driver = value;
    else if (key === 'count') request.Count = value === 'all' ? -1 : Number(value);
    else if (key === 'device') request.DeviceIDs = value.split(',');
    else if (key === 'capabilities') request.Capabilities = [[...value.split(','), 'gpu']];
    else throw new Error(`unexpected key '${key}' in '${field}'`);
  }
  if (request.Count === 0 && !request.DeviceIDs) request.Count = 1;
  if (request.Capabilities?.length === 0) request.Capabilities = [['gpu']];
  return request;
}

function pathAnd(text: string): [path: string, rest: string] {
  const [path, rest, found] = cut(text, ':');
  if (!found || path === '' || rest === '') throw new Error(`bad format: ${text}`);
  if (!path.startsWith('/dev/')) throw new Error(`bad format for device path: ${text}`);
  return [path, rest];
}
