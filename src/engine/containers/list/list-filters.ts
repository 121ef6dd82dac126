import { EngineError, parseTime } from '../../../base/mod.ts';
import {
  booleanFilter,
  checkFilterKeys,
  type Filters,
  matchesAny,
  matchesLabels,
  valuesOf,
} from '../../filters.ts';
import type { Container } from '../container.ts';

const KEYS = [
  'ancestor',
  'before',
  'exited',
  'expose',
  'health',
  'id',
  'is-task',
  'isolation',
  'label',
  'name',
  'network',
  'publish',
  'since',
  'status',
  'volume',
];
const STATES = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];

/** What list filters ask of the rest of the engine. */
export interface FilterLookups {
  find(ref: string): Container;
  /** Image ids at or below the image that `ref` names; undefined if there is no such image. */
  imageAndDescendants(ref: string): ReadonlySet<string> | undefined;
}

/** The test that a container of the list must pass. Throws `invalid` in Docker's words. */
export function listFilter(filters: Filters, lookups: FilterLookups): (container: Container) => boolean {
  if (filters.size === 0) return () => true;
  checkFilterKeys(filters, KEYS);
  for (const status of valuesOf(filters, 'status')) {
    if (!STATES.includes(status)) {
      throw new EngineError('invalid', `invalid filter 'status=${status}'`);
    }
  }
  const exited = new Set(valuesOf(filters, 'exited').map(exitCode));
  const before = bound(filters, 'before', lookups);
  const since = bound(filters, 'since', lookups);
  const images = ancestors(filters, lookups);
  const isTask = booleanFilter(filters, 'is-task');
  const statuses = filters.get('status');
  const health = healthFilter(filters);
  const ports = { publish: portFilter(filters, 'publish'), expose: portFilter(filters, 'expose') };
  return (container) => {
    const { record } = container;
    const created = parseTime(record.created) ?? 0n;
    return (
      (!statuses || statuses.size === 0 || statuses.has(container.status)) &&
      (exited.size === 0 || (container.status === 'exited' && exited.has(record.state.exitCode))) &&
      (before === undefined || created < before) &&
      (since === undefined || created > since) &&
      (images === undefined || images.has(record.image)) &&
      isTask !== true &&
      (health.length === 0 || health.includes(record.state.health?.Status ?? 'none')) &&
      matchesAny(filters, 'id', container.id) &&
      matchesAny(filters, 'name', container.name, record.name) &&
      matchesLabels(filters, record.config.Labels) &&
      matchesVolume(filters, container) &&
      matchesNetwork(filters, container) &&
      matchesPort(ports, container)
    );
  };
}

function exitCode(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new EngineError('invalid', `invalid filter 'exited=${text}'`);
  return Number(text);
}

function bound(filters: Filters, key: string, lookups: FilterLookups): bigint | undefined {
  const [ref] = valuesOf(filters, key);
  return ref === undefined ? undefined : parseTime(lookups.find(ref).record.created);
}

function ancestors(filters: Filters, lookups: FilterLookups): ReadonlySet<string> | undefined {
  const refs = valuesOf(filters, 'ancestor');
  if (refs.length === 0) return undefined;
  return new Set(refs.flatMap((ref) => [...(lookups.imageAndDescendants(ref) ?? [])]));
}

function matchesVolume(filters: Filters, { record }: Container): boolean {
  const wanted = valuesOf(filters, 'volume');
  const points = Object.values(record.mountPoints);
  return (
    wanted.length === 0 ||
    wanted.some((name) => points.some((p) => p.Name === name || p.Destination === name))
  );
}

function matchesNetwork(filters: Filters, { record }: Container): boolean {
  const wanted = valuesOf(filters, 'network');
  if (wanted.length === 0) return true;
  return Object.entries(record.networks).some(([name, { NetworkID }]) => {
    return wanted.some((ref) => ref === name || (NetworkID !== '' && NetworkID.startsWith(ref)));
  });
}

function healthFilter(filters: Filters): string[] {
  const wanted = valuesOf(filters, 'health');
  const odd = wanted.find((value) => !['none', 'starting', 'healthy', 'unhealthy'].includes(value));
  if (odd === undefined) return wanted;
  throw new EngineError('invalid', `unrecognized filter value for health: ${odd}`);
}

interface PortRange {
  from: number;
  to: number;
  protocol: string;
}

/** `80`, `80/tcp` or `8000-8010/udp`. */
function portFilter(filters: Filters, key: string): PortRange[] {
  return valuesOf(filters, key).map((spec) => {
    const match = /^(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(spec);
    const from = Number(match?.[1]);
    const to = Number(match?.[2] ?? match?.[1]);
    if (match && from <= to && to <= 65_535) return { from, to, protocol: match[3] ?? 'tcp' };
    throw new EngineError('invalid', `error while looking up for ${key} ${spec}: invalid port specification`);
  });
}

/** Compat: one published or one exposed port that was asked for is enough, and only what runs has any. */
function matchesPort(
  { publish, expose }: { publish: PortRange[]; expose: PortRange[] },
  { record }: Container,
): boolean {
  if (publish.length === 0 && expose.length === 0) return true;
  const within = (ranges: PortRange[], port: string, type: string) =>
    ranges.some(({ from, to, protocol }) => {
      return protocol === type && Number(port) >= from && Number(port) <= to;
    });
  return Object.entries(record.ports).some(([key, bindings]) => {
    const [port = '', type = 'tcp'] = key.split('/');
    const published = (bindings ?? []).some(({ HostPort }) => within(publish, HostPort, type));
    return published || within(expose, port, type);
  });
}
