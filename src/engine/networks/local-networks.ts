import { EngineError, isEngineError, KeyedLock, type Logger, parseTime } from '../../base/mod.ts';
import type { BridgeNetwork, Network } from '../../net/mod.ts';
import type { NetworkInspect } from '../../spec/docker/mod.ts';
import type { NetworkRecord, NetworkRecords } from '../../store/mod.ts';
import type { Events } from '../events/mod.ts';
import { checkFilterKeys, type Filters } from '../filters.ts';
import { matchesPruneLabels, untilOf } from '../prune-filters.ts';
import type { NetworkMechanism, NetworksContext, NetworkUsers } from './context.ts';
import { createNetwork } from './create.ts';
import { filterNetworks } from './list.ts';
import { isPredefined, NetworkBook } from './network-book.ts';
import { bridgeName, networkOfRecord } from './network-of-record.ts';
import type { NetworkCreateRequest, NetworksBackend } from './networks.ts';
import { removeNetwork } from './remove.ts';
import { showNetwork } from './show-network.ts';

/** A network as containers see it. `network` is set where containers have endpoints in it. */
export interface EngineNetwork {
  id: string;
  name: string;
  driver: string;
  network?: Network;
  /** Subnets that were asked for, CIDR: only in those may a container ask for an address. */
  askedSubnets: string[];
}

/** How the default bridge is set up; from the daemon's configuration. */
export type DefaultBridge = Omit<BridgeNetwork, 'id' | 'name'>;

interface Parts {
  store: NetworkRecords;
  users: NetworkUsers;
  net: NetworkMechanism;
  /** The default bridge, given the subnets (CIDR) that other networks have. */
  choose: (taken: string[]) => DefaultBridge;
  pools: NetworksContext['pools'];
  hostSubnets: NetworksContext['hostSubnets'];
  defaultOptions: NetworksContext['defaultOptions'];
  events: Pick<Events, 'publish'>;
  log: Logger;
}

/** The networks `bridge`, `host` and `none`, whose ids are kept on disk, and those that users made. */
export class LocalNetworks implements NetworksBackend {
  readonly #context: NetworksContext;
  readonly #book: NetworkBook;
  readonly #defaultBridge: DefaultBridge;
  /** One network is made or removed at a time: each looks at all others. */
  readonly #changes = new KeyedLock();
  /** By network id, the names of containers that are about to be in it. */
  readonly #held = new Map<string, string[]>();

  constructor({ store, choose, ...parts }: Parts) {
    this.#book = new NetworkBook(store);
    const subnets = this.#book.all().flatMap((record) => record.subnets ?? []);
    this.#defaultBridge = choose(subnets.map(({ subnet }) => subnet));
    this.#context = {
      ...parts,
      book: this.#book,
      taken: () => this.#taken(),
      bridges: () => this.networks().flatMap((one) => (one.driver === 'bridge' ? [one] : [])),
    };
  }

  /** The networks that have to be there for containers: the default one first. */
  networks(): Network[] {
    return this.#book.all().flatMap((record) => this.#networkOf(record) ?? []);
  }

  /** Interfaces that somebody else made: they stay when the daemon goes. */
  foreignBridges(): string[] {
    return this.#book.all().flatMap((record) => (record.foreignBridge ? [bridgeName(record)] : []));
  }

  /** For a Docker that may come after us. */
  writeForDocker(): void {
    this.#book.writeForDocker();
  }

  /** By full id, name or unique prefix of an id. */
  find(ref: string): EngineNetwork {
    const record = this.#book.find(ref);
    const { id, name, driver } = record;
    if (record.configOnly) {
      throw new EngineError('denied', 'cannot create endpoint on configuration-only network');
    }
    const askedSubnets = (record.subnets ?? []).flatMap((one) => (one.chosen ? [] : [one.subnet]));
    const plain: EngineNetwork = { id, name, driver, askedSubnets };
    if (driver === 'host' || driver === 'null') return plain;
    const network = this.#networkOf(record);
    if (network) return { ...plain, network };
    throw new EngineError(
      'unimplemented',
      `network ${name}: networks of the driver ${driver} are not implemented by Minke yet`,
    );
  }

  /** As `find`; undefined if there is none of that name or id. */
  findIfThere(ref: string): EngineNetwork | undefined {
    try {
      return this.find(ref);
    } catch (error) {
      if (isEngineError(error, 'not-found')) return undefined;
      throw error;
    }
  }

  /** Keeps networks from being removed while a container is on its way into them. */
  hold(ids: readonly string[], container: string): Disposable {
    for (const id of ids) this.#held.set(id, [...(this.#held.get(id) ?? []), container]);
    return {
      [Symbol.dispose]: () => {
        for (const id of ids) {
          const left = [...(this.#held.get(id) ?? [])];
          left.splice(left.indexOf(container), 1);
          if (left.length > 0) this.#held.set(id, left);
          else this.#held.delete(id);
        }
      },
    };
  }

  async create(request: NetworkCreateRequest): Promise<{ id: string; warning: string }> {
    const record = await this.#changes.run('', () => createNetwork(this.#context, request));
    this.#tell('create', record);
    return { id: record.id, warning: '' };
  }

  async remove(ref: string): Promise<void> {
    await this.#changes.run('', () => this.#remove(this.#book.find(ref)));
  }

  async list(filters: Filters): Promise<NetworkInspect[]> {
    const endpoints = this.#context.users.endpoints();
    const found = filterNetworks(this.#book.all(), filters, ({ id }) => endpoints.has(id));
    return found.map((record) => this.#shown(record, endpoints));
  }

  async inspect(ref: string, options: { scope?: string } = {}): Promise<NetworkInspect> {
    const record = this.#book.find(ref);
    if (options.scope && options.scope !== 'local')
      throw new EngineError('not-found', `network ${ref} not found`);
    return this.#shown(record, this.#context.users.endpoints());
  }

  async prune(filters: Filters): Promise<string[]> {
    checkFilterKeys(filters, ['label', 'label!', 'until']);
    const until = untilOf(filters);
    const removed: string[] = [];
    for (const record of this.#book.all()) {
      if (isPredefined(record.name) || record.configOnly) continue;
      if (until !== undefined && (parseTime(record.created) ?? 0n) > until) continue;
      if (!matchesPruneLabels(filters, record.labels ?? {})) continue;
      try {
        await this.#changes.run('', () => this.#remove(record));
        removed.push(record.name);
      } catch (error) {
        // Somebody is in it.
        if (isEngineError(error, 'denied')) continue;
        this.#context.log.warn('cannot remove a network', { network: record.name, error });
      }
    }
    this.#context.events.publish('network', 'prune', '', { reclaimed: '0' });
    return removed;
  }

  async #remove(record: NetworkRecord): Promise<void> {
    // Somebody was faster.
    if (!this.#book.all().includes(record))
      throw new EngineError('not-found', `network ${record.name} not found`);
    await removeNetwork(this.#context, record, this.#held.get(record.id) ?? []);
    this.#tell('destroy', record);
  }

  #tell(action: 'create' | 'destroy', { id, name, driver }: NetworkRecord): void {
    this.#context.events.publish('network', action, id, { name, type: driver });
  }

  #taken() {
    const others = this.#book.all().flatMap((record) => (record.configOnly ? [] : (record.subnets ?? [])));
    const { subnet, ipRange = '', ipv6 } = this.#defaultBridge;
    return [{ subnet, ipRange }, ...(ipv6 ? [{ subnet: ipv6.subnet, ipRange: '' }] : []), ...others];
  }

  #networkOf(record: NetworkRecord): Network | undefined {
    if (record.name !== 'bridge') return networkOfRecord(record);
    return { ...this.#defaultBridge, id: record.id as Network['id'], name: record.name };
  }

  #shown(record: NetworkRecord, endpoints: ReturnType<NetworkUsers['endpoints']>): NetworkInspect {
    const isDefault = record.name === 'bridge';
    return showNetwork(record, isDefault ? this.#defaultBridge : undefined, endpoints.get(record.id) ?? {});
  }
}
