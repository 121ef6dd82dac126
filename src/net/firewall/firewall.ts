import { errnoOf, type Logger } from '../../base/mod.ts';
import { Nfnetlink, run, type SetChange } from '../../sys/mod.ts';
import { ipv4Bytes } from '../ipam/address.ts';
import type { BridgeNetwork, PublishedPort } from '../net.ts';
import { bridgeElements, changesOf, portElements, protocolNumber } from './elements.ts';
import { tableScript } from './ruleset.ts';

/** The published ports of one container and the address they lead to. */
export interface Publication {
  /** Who; shown as the elements' comment. */
  owner: string;
  target: string;
  ports: readonly PublishedPort[];
}

const SETS = ['bridges', 'internal', 'icc', 'home', 'natted', 'publish', 'publish_any'];

/**
 * Our nftables table. The `nft` program loads its skeleton; elements are changed over nfnetlink, in process. What
 * should be in it is kept here, so that `open` can put back what somebody flushed.
 */
export class Firewall {
  readonly #table: string;
  readonly #log: Logger;
  readonly #bridges = new Map<string, BridgeNetwork>();
  readonly #publications = new Map<string, Publication>();
  #socket: Nfnetlink | undefined;

  constructor(table: string, log: Logger) {
    this.#table = table;
    this.#log = log;
  }

  /**
   * Loads the skeleton. Called again it repairs: all elements are put back in one transaction. Gives nft's JSON of all
   * chains there are, of other tables too: asked for in the same run, since each costs some milliseconds.
   */
  async open(): Promise<string> {
    const script = tableScript(this.#table);
    // Not as input: with -j, nft opens /dev/stdin, which a socket (a pipe of node:child_process) does not allow.
    const load = async (text: string) =>
      (await run(['nft', '-j', `${text}list chains`])).stdout.toString('utf8');
    let chains: string;
    try {
      chains = await load(script);
    } catch (error) {
      // A table of another version has sets of other types.
      this.#log.warn('the nftables table is made anew', { table: this.#table, error });
      const anew = `table inet ${this.#table}\ndelete table inet ${this.#table}\n${script}`;
      chains = await load(anew);
    }
    this.#socket ??= new Nfnetlink();
    if (this.#bridges.size > 0 || this.#publications.size > 0) this.#putBack(SETS);
    return chains;
  }

  /** Removes the table. */
  async remove(): Promise<void> {
    this.#bridges.clear();
    this.#publications.clear();
    // Declared first, so that it is there to be deleted.
    const script = `table inet ${this.#table}\ndelete table inet ${this.#table}\n`;
    await run(['nft', '-f', '-'], { input: script });
  }

  close(): void {
    this.#socket?.[Symbol.dispose]();
    this.#socket = undefined;
  }

  /** Idempotent; also where the bridge's options changed. */
  addBridge(network: BridgeNetwork): void {
    const parts = bridgeElements(network);
    const before = this.#bridges.get(network.bridge);
    if (before) this.#deleteWhatIsThere(changesOf('delete', bridgeElements(before)));
    this.#change(changesOf('add', parts));
    this.#bridges.set(network.bridge, network);
  }

  removeBridge(network: BridgeNetwork): void {
    const known = this.#bridges.get(network.bridge) ?? network;
    this.#bridges.delete(network.bridge);
    this.#deleteWhatIsThere(changesOf('delete', bridgeElements(known)));
  }

  /** Leads the ports to the container, all or none. */
  publish(publication: Publication): void {
    this.#change(changesOf('add', elementsOf(publication)));
    this.#publications.set(publication.owner, publication);
    // A flow that began before goes on to the host for as long as its packets come.
    for (const port of publication.ports) {
      if (port.protocol === 'udp')
        this.#forget((socket) => socket.forgetFlowsTo(protocolNumber('udp'), port.hostPort));
    }
  }

  /** Takes back what `publish` did for `owner`, and forgets the connections. */
  unpublish(owner: string): void {
    const publication = this.#publications.get(owner);
    if (!publication) return;
    this.#deleteWhatIsThere(changesOf('delete', elementsOf(publication)));
    this.#publications.delete(owner);
    this.#forget((socket) => socket.forgetAnswersFrom(ipv4Bytes(publication.target)));
  }

  /** These are all publications there are: one transaction makes the maps hold them and nothing else. */
  replacePublications(publications: readonly Publication[]): void {
    this.#publications.clear();
    for (const publication of publications) this.#publications.set(publication.owner, publication);
    this.#putBack(['publish', 'publish_any']);
  }

  #putBack(sets: readonly string[]): void {
    const wanted = changesOf('add', [
      ...[...this.#bridges.values()].flatMap(bridgeElements),
      ...[...this.#publications.values()].flatMap(elementsOf),
    ]);
    this.#change([
      ...sets.map((set): SetChange => ({ change: 'flush', set })),
      ...wanted.filter((change) => sets.includes(change.set)),
    ]);
  }

  #change(changes: readonly SetChange[]): void {
    if (!this.#socket) throw new Error('the firewall is not open');
    this.#socket.changeSets(this.#table, changes);
  }

  /** Deletes in one transaction; where something is missing already, one by one. */
  #deleteWhatIsThere(changes: readonly SetChange[]): void {
    try {
      this.#change(changes);
      return;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
    for (const change of changes) {
      if (change.change === 'flush') continue;
      const single =
        change.set === 'natted' ? [change.elements] : change.elements.map((element) => [element]);
      for (const elements of single) {
        try {
          this.#change([{ ...change, elements }]);
        } catch (error) {
          if (errnoOf(error) !== 'ENOENT') throw error;
        }
      }
    }
  }

  /** Best effort: kernels before 5.8 cannot select, and one without conntrack has nothing to forget. */
  #forget(act: (socket: Nfnetlink) => void): void {
    try {
      if (this.#socket) act(this.#socket);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') this.#log.debug('cannot forget connections', { error });
    }
  }
}

function elementsOf(publication: Publication) {
  return publication.ports.flatMap((port) =>
    portElements(port, publication.target, publication.owner.slice(0, 12)),
  );
}
