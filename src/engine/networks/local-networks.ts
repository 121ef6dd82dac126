import { EngineError, formatTime, newId, nowNano } from '../../base/mod.ts';
import type { BridgeNetwork } from '../../net/mod.ts';
import type { NetworkContainer, NetworkInspect } from '../../spec/docker/mod.ts';
import type { NetworkRecord, NetworkRecords } from '../../store/mod.ts';
import type { Events } from '../events/mod.ts';
import {
  booleanFilter,
  checkFilterKeys,
  type Filters,
  matchesAny,
  matchesLabels,
  valuesOf,
} from '../filters.ts';
import { untilOf } from '../prune-filters.ts';
import type { NetworksBackend } from './networks.ts';
import { showNetwork } from './show-network.ts';

/** A network as containers see it. `bridge` is set for networks with endpoints. */
export interface EngineNetwork {
  id: string;
  name: string;
  driver: string;
  bridge?: BridgeNetwork;
}

/** What `networks/` asks about containers without importing them; `daemon/` supplies it. */
export interface NetworkUsers {
  /** Endpoints that are up in a network, by container id. */
  endpointsOf(networkId: string): Record<string, NetworkContainer>;
}

/** How the default bridge is set up; from the daemon's configuration. */
export type DefaultBridge = Omit<BridgeNetwork, 'id' | 'name'>;

/** The default bridge, given the subnets (CIDR) that other networks have. */
type ChooseBridge = (taken: string[]) => DefaultBridge;

const PREDEFINED = [
  { name: 'bridge', driver: 'bridge' },
  { name: 'host', driver: 'host' },
  { name: 'none', driver: 'null' },
] as const;

/**
 * The networks `bridge`, `host` and `none`, whose ids are kept on disk, and those that Docker left in the data-root:
 * containers in them start, each other's names they do not find yet.
 */
export class LocalNetworks implements NetworksBackend {
  readonly #users: NetworkUsers;
  readonly #defaultBridge: DefaultBridge;
  readonly #records: NetworkRecord[];
  readonly #store: NetworkRecords;
  readonly #events: Pick<Events, 'publish'>;

  constructor(
    store: NetworkRecords,
    users: NetworkUsers,
    choose: ChooseBridge,
    events: Pick<Events, 'publish'>,
  ) {
    this.#events = events;
    this.#users = users;
    this.#store = store;
    const known = store.load();
    const taken = known.flatMap(({ subnets }) => subnets ?? []).map(({ subnet }) => subnet);
    this.#defaultBridge = choose(taken);
    const predefined = PREDEFINED.map(({ name, driver }) => {
      const found = known.find((record) => record.name === name);
      return found ?? { id: newId(), name, driver, created: formatTime(nowNano()) };
    });
    this.#records = [...predefined, ...known.filter(({ name }) => !isPredefined(name))];
    if (known.length !== this.#records.length) store.save(this.#records);
  }

  /** The bridges that have to be there for containers: the default one first. */
  bridges(): BridgeNetwork[] {
    return this.#records.flatMap((record) => this.#bridgeOf(record) ?? []);
  }

  /** For a Docker that may come after us. */
  writeForDocker(): void {
    this.#store.writeForDocker(this.#records);
  }

  /** By full id, name or unique prefix of an id. */
  find(ref: string): EngineNetwork {
    const record = this.#record(ref);
    const network: EngineNetwork = { id: record.id, name: record.name, driver: record.driver };
    if (record.driver === 'host' || record.driver === 'null') return network;
    const bridge = this.#bridgeOf(record);
    if (!bridge) {
      throw new EngineError(
        'unimplemented',
        `network ${record.name}: networks of the driver ${record.driver} are not implemented by Minke yet`,
      );
    }
    return { ...network, bridge };
  }

  async list(filters: Filters): Promise<NetworkInspect[]> {
    checkFilterKeys(filters, ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type']);
    const types = valuesOf(filters, 'type');
    for (const type of types) {
      if (type !== 'builtin' && type !== 'custom')
        throw new EngineError('invalid', `invalid filter: 'type'='${type}'`);
    }
    const dangling = booleanFilter(filters, 'dangling');
    return this.#records
      .filter((record) => {
        return (
          (dangling === undefined || dangling === this.#isDangling(record)) &&
          (types.length === 0 || types.includes(isPredefined(record.name) ? 'builtin' : 'custom')) &&
          matchesAny(filters, 'name', record.name) &&
          matchesAny(filters, 'id', record.id) &&
          matchesLabels(filters, record.labels ?? {}) &&
          (!filters.has('driver') || filters.get('driver')?.has(record.driver)) &&
          (!filters.has('scope') || filters.get('scope')?.has('local'))
        );
      })
      .map((record) => this.#shown(record));
  }

  async inspect(ref: string, options: { scope?: string } = {}): Promise<NetworkInspect> {
    const record = this.#record(ref);
    if (options.scope && options.scope !== 'local')
      throw new EngineError('not-found', `network ${ref} not found`);
    return this.#shown(record);
  }

  async prune(filters: Filters): Promise<string[]> {
    checkFilterKeys(filters, ['label', 'label!', 'until']);
    untilOf(filters);
    // Networks of users' own are not removed yet, and the predefined ones always stay.
    this.#events.publish('network', 'prune', '', { reclaimed: '0' });
    return [];
  }

  #record(ref: string): NetworkRecord {
    const exact =
      this.#records.find(({ id }) => id === ref) ?? this.#records.find(({ name }) => name === ref);
    if (exact) return exact;
    const matches = ref === '' ? [] : this.#records.filter(({ id }) => id.startsWith(ref));
    if (matches.length > 1) {
      throw new EngineError(
        'invalid',
        `${matches.length} matches found based on ID prefix: network ${ref} is ambiguous`,
      );
    }
    const [match] = matches;
    if (!match) throw new EngineError('not-found', `network ${ref} not found`);
    return match;
  }

  #bridgeOf(record: NetworkRecord): BridgeNetwork | undefined {
    if (record.driver !== 'bridge') return undefined;
    if (record.name === 'bridge') {
      return { ...this.#defaultBridge, id: record.id as BridgeNetwork['id'], name: record.name };
    }
    return bridgeOfRecord(record);
  }

  /** Compat: predefined networks are never dangling, nor the opposite. */
  #isDangling(record: NetworkRecord): boolean | undefined {
    if (isPredefined(record.name)) return undefined;
    return Object.keys(this.#users.endpointsOf(record.id)).length === 0;
  }

  #shown(record: NetworkRecord): NetworkInspect {
    const isDefault = record.name === 'bridge';
    const containers = this.#users.endpointsOf(record.id);
    return showNetwork(record, isDefault ? this.#defaultBridge : undefined, containers);
  }
}

function isPredefined(name: string): boolean {
  return PREDEFINED.some((one) => one.name === name);
}

/** What a bridge of Docker's is made with. Compat: the options of libnetwork's bridge driver. */
function bridgeOfRecord(record: NetworkRecord): BridgeNetwork | undefined {
  const [subnet] = record.subnets?.filter((one) => !one.subnet.includes(':')) ?? [];
  if (!subnet) return undefined;
  const options = record.options ?? {};
  const option = (name: string) => options[`com.docker.network.${name}`];
  const mtu = Number(option('driver.mtu'));
  const reserved = Object.values(subnet.reserved);
  return {
    driver: 'bridge',
    id: record.id as BridgeNetwork['id'],
    name: record.name,
    bridge: record.bridge ?? `br-${record.id.slice(0, 12)}`,
    subnet: subnet.subnet,
    gateway: subnet.gateway,
    ...(subnet.ipRange === '' ? {} : { ipRange: subnet.ipRange }),
    ...(reserved.length === 0 ? {} : { reserved }),
    ...(mtu > 0 ? { mtu } : {}),
    icc: option('bridge.enable_icc') !== 'false',
    masquerade: option('bridge.enable_ip_masquerade') !== 'false',
    internal: record.internal ?? false,
    hostBindingIpv4: option('bridge.host_binding_ipv4') ?? '',
  };
}
