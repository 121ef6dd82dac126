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
import { parseMoment } from '../moment.ts';
import type { NetworksBackend } from './networks.ts';

/** A network as containers see it. `bridge` is set for networks with endpoints. */
export interface EngineNetwork {
  id: string;
  name: string;
  driver: 'bridge' | 'host' | 'null';
  bridge?: BridgeNetwork;
}

/** What `networks/` asks about containers without importing them; `daemon/` supplies it. */
export interface NetworkUsers {
  /** Endpoints that are up in a network, by container id. */
  endpointsOf(networkId: string): Record<string, NetworkContainer>;
}

/** How the default bridge is set up; from the daemon's configuration. */
export type DefaultBridge = Omit<BridgeNetwork, 'id' | 'name'>;

const PREDEFINED = [
  { name: 'bridge', driver: 'bridge' },
  { name: 'host', driver: 'host' },
  { name: 'none', driver: 'null' },
] as const;

/** The networks `bridge`, `host` and `none`, whose ids are kept on disk. */
export class PredefinedNetworks implements NetworksBackend {
  readonly #users: NetworkUsers;
  readonly #defaultBridge: DefaultBridge;
  readonly #records: NetworkRecord[];
  readonly #events: Pick<Events, 'publish'>;

  constructor(
    records: NetworkRecords,
    users: NetworkUsers,
    defaultBridge: DefaultBridge,
    events: Pick<Events, 'publish'>,
  ) {
    this.#events = events;
    this.#users = users;
    this.#defaultBridge = defaultBridge;
    const known = records.load();
    this.#records = PREDEFINED.map(({ name, driver }) => {
      const found = known.find((record) => record.name === name);
      return found ?? { id: newId(), name, driver, created: formatTime(nowNano()) };
    });
    if (known.length !== this.#records.length) records.save(this.#records);
  }

  /** By full id, name or unique prefix of an id. */
  find(ref: string): EngineNetwork {
    const record = this.#record(ref);
    const network: EngineNetwork = { id: record.id, name: record.name, driver: record.driver };
    if (record.driver === 'bridge') network.bridge = this.#bridgeOf(record);
    return network;
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
          dangling !== true &&
          (types.length === 0 || types.includes('builtin')) &&
          matchesAny(filters, 'name', record.name) &&
          matchesAny(filters, 'id', record.id) &&
          matchesLabels(filters, {}) &&
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
    const untils = valuesOf(filters, 'until');
    if (untils.length > 1) throw new EngineError('invalid', 'more than one until filter specified');
    for (const text of untils) parseMoment(text, nowNano());
    // Networks of users' own do not exist yet, and the three here always stay.
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

  #bridgeOf(record: NetworkRecord): BridgeNetwork {
    return { ...this.#defaultBridge, id: record.id as BridgeNetwork['id'], name: record.name };
  }

  #shown(record: NetworkRecord): NetworkInspect {
    const { bridge, subnet, gateway, mtu, icc, masquerade, hostBindingIpv4 } = this.#defaultBridge;
    const isBridge = record.driver === 'bridge';
    return {
      Name: record.name,
      Id: record.id,
      Created: record.created,
      Scope: 'local',
      Driver: record.driver,
      EnableIPv4: true,
      EnableIPv6: false,
      IPAM: {
        Driver: 'default',
        Options: null,
        Config: isBridge ? [{ Subnet: subnet, Gateway: gateway }] : null,
      },
      Internal: false,
      Attachable: false,
      Ingress: false,
      ConfigFrom: { Network: '' },
      ConfigOnly: false,
      Containers: this.#users.endpointsOf(record.id),
      Options: isBridge
        ? {
            'com.docker.network.bridge.default_bridge': 'true',
            'com.docker.network.bridge.enable_icc': String(icc),
            'com.docker.network.bridge.enable_ip_masquerade': String(masquerade),
            'com.docker.network.bridge.host_binding_ipv4': hostBindingIpv4 || '0.0.0.0',
            'com.docker.network.bridge.name': bridge,
            'com.docker.network.driver.mtu': String(mtu ?? 1500),
          }
        : {},
      Labels: {},
    };
  }
}
