import { join } from 'node:path';
import { errnoOf, type Logger } from '../../base/mod.ts';
import { Nfnetlink, type SetChange, type SetElement } from '../../sys/mod.ts';
import { ipv4Bytes, parseIpv6 } from '../ipam/address.ts';
import type { BridgeNetwork } from '../net.ts';
import { DockerUserChains } from './docker-user.ts';
import {
  bridgeElements,
  bySet,
  changesOf,
  difference,
  differences,
  identity,
  type SetAndElements,
} from './elements.ts';
import { ForeignChains } from './foreign-chains.ts';
import { Judge } from './judge.ts';
import { type Publication, protocolNumber, publicationElements } from './port-elements.ts';
import { type RulesetOptions, setNames } from './ruleset.ts';
import { Table } from './table.ts';

export interface FirewallOptions extends RulesetOptions {
  /** `iptables`: false leaves nftables to the administrator, and takes back what we had there. */
  enabled: boolean;
  execRoot: string;
  log: Logger;
}

/**
 * Our nftables table, and our rules in others' forward chains. The `nft` program loads the table's skeleton; all else
 * is done over nfnetlink, in process. What should be there is kept here, so that what somebody flushed can be put back.
 */
export class Firewall {
  readonly #options: FirewallOptions;
  readonly #log: Logger;
  readonly #table: Table;
  readonly #foreign: ForeignChains;
  readonly #userChains: DockerUserChains;
  readonly #bridges = new Map<string, BridgeNetwork>();
  readonly #publications = new Map<string, Publication>();
  readonly #judge: Judge | undefined;
  #socket: Nfnetlink | undefined;
  /** What is in the kernel was compared with what should be: until then networks are only noted. */
  #compared = false;
  /** Of nftables, when we looked last: while it stays, nobody changed anything. */
  #generation = -1;
  #repair: Promise<void> | undefined;

  constructor(options: FirewallOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#table = new Table(options, join(options.execRoot, 'firewall'), options.log);
    this.#foreign = new ForeignChains(options.table, options.log);
    this.#userChains = new DockerUserChains(options.table, options.log);
    this.#judge = options.judge && new Judge(options.judge.group, options.log);
  }

  /**
   * Makes the table, or takes over the one that is there; our jumps and rules in others' chains too. Called again it
   * repairs: sets and rules become what they should be, by what differs.
   */
  async open(): Promise<void> {
    this.#socket ??= new Nfnetlink();
    const socket = this.#socket;
    if (!this.#options.enabled) return await this.#leave(socket);
    this.#judge?.start();
    if (!this.#table.isIntact(socket)) await this.#table.load(socket);
    if (!this.#compared) return;
    this.#synchronize();
    await this.#openOthers(socket);
  }

  /** Removes the table and what we have in others'. */
  async remove(): Promise<void> {
    if (!this.#options.enabled) return;
    const socket = this.#open();
    for (const bridge of this.#bridges.keys()) await this.#foreign.forget(socket, bridge);
    this.#bridges.clear();
    this.#publications.clear();
    this.#compared = false;
    await this.#userChains.remove(socket);
    await this.#table.remove();
  }

  close(): void {
    this.#judge?.stop();
    this.#socket?.[Symbol.dispose]();
    this.#socket = undefined;
  }

  /**
   * Puts back what somebody flushed meanwhile. Costs two messages where nobody changed anything, and a look at our rules
   * where somebody did; only where they are gone the nft program.
   */
  async check(): Promise<void> {
    if (!this.#options.enabled) return;
    const socket = this.#open();
    if (!this.#compared) return await this.#compare(socket);
    if (socket.generation() === this.#generation) return;
    // An iptables script may have put its own chains in front of ours, or made them only now.
    if (this.#table.isIntact(socket)) return await this.#openOthers(socket);
    this.#repair ??= this.#putBack().finally(() => {
      this.#repair = undefined;
    });
    await this.#repair;
  }

  /** Idempotent; also where the bridge's options changed. */
  async addBridge(network: BridgeNetwork): Promise<void> {
    const before = this.#bridges.get(network.bridge);
    this.#bridges.set(network.bridge, network);
    if (!this.#compared) return;
    const changes = differences(bySet(before ? bridgeElements(before) : []), bySet(bridgeElements(network)));
    // Those that should be there already are told again: one may be missing.
    const again = changesOf('add', bridgeElements(network));
    await this.#changeOrRepair([...changes.filter(({ change }) => change === 'delete'), ...again]);
    const generation = this.#open().generation();
    await this.#foreign.allow(this.#open(), [network.bridge]);
    this.#noteOwnChange(generation);
  }

  async removeBridge(network: BridgeNetwork): Promise<void> {
    const known = this.#bridges.get(network.bridge);
    this.#bridges.delete(network.bridge);
    // One whose making failed before it was told here: what it would have may be another's.
    if (!known || !this.#options.enabled) return;
    this.#deleteWhatIsThere(changesOf('delete', bridgeElements(known)));
    await this.#foreign.forget(this.#open(), network.bridge);
  }

  /** Leads the ports to the container, all or none; in place of what was led to it before. */
  async publish(publication: Publication): Promise<void> {
    if (!this.#options.enabled) return;
    await this.check();
    const { owner } = publication;
    const before = this.#publications.get(owner);
    const changes = differences(
      bySet(before ? this.#elementsOf(before) : []),
      bySet(this.#elementsOf(publication)),
    );
    this.#publications.set(owner, publication);
    try {
      await this.#changeOrRepair(changes);
    } catch (error) {
      if (before) this.#publications.set(owner, before);
      else this.#publications.delete(owner);
      throw error;
    }
    // A flow that began before goes on to the host for as long as its packets come.
    for (const { protocol, hostPort, hostIp } of publication.ports) {
      if (protocol !== 'udp') continue;
      const family = hostIp.includes(':') ? 6 : 4;
      this.#forget((socket) => socket.forgetFlowsTo(protocolNumber('udp'), hostPort, family));
    }
    if (before) this.#forgetGone(before, publication);
  }

  /** Takes back what `publish` did for `owner`, and forgets the connections. */
  unpublish(owner: string): void {
    const publication = this.#publications.get(owner);
    if (!publication) return;
    this.#publications.delete(owner);
    this.#deleteWhatIsThere(changesOf('delete', this.#elementsOf(publication)));
    this.#forgetGone(publication, undefined);
  }

  /** These bridges and publications are all there are: what differs in the kernel is changed in one transaction. */
  async restore(publications: readonly Publication[]): Promise<void> {
    this.#publications.clear();
    for (const publication of publications) this.#publications.set(publication.owner, publication);
    if (this.#options.enabled) await this.#compare(this.#open());
  }

  /** What an earlier daemon, which had to see to it, left. */
  async #leave(socket: Nfnetlink): Promise<void> {
    const { table } = this.#options;
    const isThere = socket.chains().some((chain) => chain.family === 'inet' && chain.table === table);
    if (!isThere) return;
    await this.#foreign.forgetOthers(socket, []);
    await this.#userChains.remove(socket);
    await this.#table.remove();
  }

  async #compare(socket: Nfnetlink): Promise<void> {
    this.#synchronize();
    this.#compared = true;
    await this.#foreign.forgetOthers(socket, [...this.#bridges.keys()]);
    await this.#openOthers(socket);
  }

  async #openOthers(socket: Nfnetlink): Promise<void> {
    await this.#userChains.open(socket);
    await this.#foreign.open(socket);
    await this.#foreign.allow(socket, [...this.#bridges.keys()]);
    this.#generation = socket.generation();
  }

  async #putBack(): Promise<void> {
    this.#log.warn('the rules of published ports and networks are gone: putting them back', {
      table: this.#options.table,
    });
    await this.open();
  }

  #synchronize(): void {
    const socket = this.#open();
    const wanted = bySet([
      ...[...this.#bridges.values()].flatMap(bridgeElements),
      ...[...this.#publications.values()].flatMap((each) => this.#elementsOf(each)),
    ]);
    const { table } = this.#options;
    socket.changeSets(
      table,
      setNames(this.#options).flatMap((set) =>
        difference(set, socket.elements(table, set), wanted.get(set) ?? []),
      ),
    );
  }

  /** The kernel says so where the table is gone; then all of it is put back, the new part included. */
  async #changeOrRepair(changes: readonly SetChange[]): Promise<void> {
    try {
      this.#change(changes);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      await this.#putBack();
      this.#synchronize();
    }
  }

  #change(changes: readonly SetChange[]): void {
    if (changes.length === 0) return;
    const socket = this.#open();
    const generation = socket.generation();
    socket.changeSets(this.#options.table, changes);
    this.#noteOwnChange(generation);
  }

  /** What we change ourselves is no reason to look: if nothing else changed before it. */
  #noteOwnChange(before: number): void {
    if (before === this.#generation) this.#generation = this.#open().generation();
  }

  /** Deletes in one transaction; where something is missing already, one by one. */
  #deleteWhatIsThere(changes: readonly SetChange[]): void {
    try {
      this.#change(changes);
      return;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
    const { table } = this.#options;
    for (const change of changes) {
      if (change.change === 'flush') continue;
      try {
        const there = this.#open().elements(table, change.set);
        const gone = difference(change.set, there, withoutThese(there, change.elements));
        this.#change(gone);
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw error;
      }
    }
  }

  #elementsOf(publication: Publication): SetAndElements[] {
    const { judge, ipv6 } = this.#options;
    return publicationElements(publication, { judged: judge !== undefined, ipv6 });
  }

  #forgetGone(before: Publication, now: Publication | undefined): void {
    const { target, target6 } = before;
    if (target !== undefined && target !== now?.target)
      this.#forget((socket) => socket.forgetAnswersFrom(ipv4Bytes(target)));
    const bytes = target6 !== undefined && target6 !== now?.target6 ? parseIpv6(target6) : undefined;
    if (bytes) this.#forget((socket) => socket.forgetAnswersFrom(bytes));
  }

  /** Best effort: kernels before 5.8 cannot select, and one without conntrack has nothing to forget. */
  #forget(act: (socket: Nfnetlink) => void): void {
    try {
      if (this.#socket) act(this.#socket);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') this.#log.debug('cannot forget connections', { error });
    }
  }

  #open(): Nfnetlink {
    if (!this.#socket) throw new Error('the firewall is not open');
    return this.#socket;
  }
}

/** The end of one interval has the key at which its neighbour begins: the key alone does not tell them apart. */
function withoutThese(there: readonly SetElement[], those: readonly SetElement[]): SetElement[] {
  const gone = new Set(those.map(identity));
  return there.filter((element) => !gone.has(identity(element)));
}
