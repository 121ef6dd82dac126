import type { NetworkId } from '../../base/mod.ts';
import type { Rtnetlink } from '../../sys/mod.ts';
import { removeLinks } from '../bridge/bridge.ts';
import type { LinkNetwork, Network } from '../net.ts';
import { checkParentUse, ensureParent, findLink, parentOf } from './parent.ts';

/** What macvlan and ipvlan networks have on the host: their parents, of which some are made here. */
export class HostLinks {
  readonly #host: () => Rtnetlink;
  readonly #networks: ReadonlyMap<NetworkId, Network>;
  readonly #alias: string;

  /** `tableName` tells the links of one daemon from another's. */
  constructor(host: () => Rtnetlink, networks: ReadonlyMap<NetworkId, Network>, tableName: string) {
    this.#host = host;
    this.#networks = networks;
    this.#alias = `${tableName} parent`;
  }

  /** Throws where the network cannot be: an option, its parent, or the kernel. */
  ensure(network: LinkNetwork): void {
    checkParentUse(network, this.#linkNetworks());
    ensureParent(this.#host(), network, this.#alias);
  }

  /** Takes the network's parent away if it was made here and no network is left on it. */
  async remove(network: LinkNetwork): Promise<void> {
    const parent = parentOf(network);
    const others = this.#linkNetworks().filter(({ id }) => id !== network.id);
    if (others.some((other) => parentOf(other) === parent)) return;
    if (findLink(this.#host(), parent)?.alias === this.#alias) await removeLinks([parent]);
  }

  /** Takes away all parents made here that no network stands on: a crash may leave one. */
  async removeOrphans(): Promise<void> {
    const wanted = new Set(this.#linkNetworks().map(parentOf));
    const made = this.#host()
      .links()
      .filter(({ alias, name }) => alias === this.#alias && !wanted.has(name));
    await removeLinks(made.map(({ name }) => name));
  }

  #linkNetworks(): LinkNetwork[] {
    return [...this.#networks.values()].filter((one) => one.driver !== 'bridge');
  }
}
