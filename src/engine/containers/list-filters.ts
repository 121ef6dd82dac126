import { EngineError, parseTime } from '../../base/mod.ts';
import {
  booleanFilter,
  checkFilterKeys,
  type Filters,
  matchesAny,
  matchesLabels,
  valuesOf,
} from '../filters.ts';
import type { Container } from './container.ts';

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
      matchesAny(filters, 'id', container.id) &&
      matchesAny(filters, 'name', container.name, record.name) &&
      matchesLabels(filters, record.config.Labels) &&
      matchesVolume(filters, container) &&
      matchesNetwork(filters, container) &&
      matchesPort(
        filters,
        'publish',
        Object.entries(record.ports)
          .filter(([, to]) => to)
          .flatMap(([port, to]) => (to ?? []).map(({ HostPort }) => `${HostPort}/${port.split('/')[1]}`)),
      ) &&
      matchesPort(filters, 'expose', Object.keys(record.config.ExposedPorts ?? {}))
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

/** `80`, `80/tcp` or `8000-8010/udp` against `port/protocol`. */
function matchesPort(filters: Filters, key: string, ports: string[]): boolean {
  const wanted = valuesOf(filters, key);
  return (
    wanted.length === 0 ||
    wanted.some((spec) => {
      const match = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/.exec(spec);
      if (!match) throw new EngineError('invalid', `invalid filter '${key}=${spec}'`);
      const from = Number(match[1]);
      const to = Number(match[2] ?? match[1]);
      return ports.some((port) => {
        const [number = '', protocol] = port.split('/');
        return Number(number) >= from && Number(number) <= to && (match[3] ?? 'tcp') === protocol;
      });
    })
  );
}
