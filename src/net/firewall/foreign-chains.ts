import { existsSync } from 'node:fs';
import { errnoOf, type Logger } from '../../base/mod.ts';
import { run } from '../../sys/mod.ts';

/** A chain of somebody else through which forwarded packets go and that drops by default. */
export interface ForeignChain {
  family: 'ip' | 'inet';
  table: string;
  chain: string;
}

/**
 * Others' forward chains. An accept in our table does not undo a drop in another's, so where such a chain drops by
 * policy (iptables-nft's FORWARD beside a dockerd), accept rules for our bridges go to its top, each with a comment
 * that names our table and the bridge, and are taken back with the bridge.
 */
export class ForeignChains {
  readonly #own: string;
  readonly #log: Logger;
  #chains: ForeignChain[] = [];
  /** The `iptables-legacy` FORWARD chain drops. */
  #legacy = false;

  constructor(ownTable: string, log: Logger) {
    this.#own = ownTable;
    this.#log = log;
  }

  /** Looks for such chains in nft's JSON of all chains, and among those of iptables-legacy. */
  async open(chains: string): Promise<void> {
    this.#chains = parseForwardDrops(chains, this.#own);
    // Asking iptables-legacy would make its tables where there are none.
    if (!existsSync('/proc/net/ip_tables_names')) return;
    this.#legacy = (await this.#iptables(['-S', 'FORWARD']))?.includes('-P FORWARD DROP') ?? false;
  }

  async allow(bridge: string): Promise<void> {
    const comment = this.#comment(bridge);
    for (const chain of this.#chains) {
      const where = `${chain.family} ${chain.table} ${chain.chain}`;
      if ((await this.#handles(chain, comment)).length >= 2) continue;
      this.#log.info('allowing a bridge in a chain that drops by policy', { bridge, chain: where });
      const rules = ['iifname', 'oifname'].map(
        (which) => `insert rule ${where} ${which} "${bridge}" counter accept comment "${comment}"`,
      );
      await run(['nft', '-f', '-'], { input: rules.join('\n') });
    }
    if (!this.#legacy) return;
    for (const which of ['-i', '-o']) {
      const rule = ['FORWARD', which, bridge, '-m', 'comment', '--comment', comment, '-j', 'ACCEPT'];
      if ((await this.#iptables(['-C', ...rule])) === undefined) await this.#iptables(['-I', ...rule]);
    }
  }

  async forget(bridge: string): Promise<void> {
    const comment = this.#comment(bridge);
    for (const chain of this.#chains) {
      const where = `${chain.family} ${chain.table} ${chain.chain}`;
      const deletes = (await this.#handles(chain, comment)).map(
        (handle) => `delete rule ${where} handle ${handle}`,
      );
      if (deletes.length > 0) await run(['nft', '-f', '-'], { input: deletes.join('\n') });
    }
    if (!this.#legacy) return;
    for (const which of ['-i', '-o']) {
      await this.#iptables([
        '-D',
        'FORWARD',
        which,
        bridge,
        '-m',
        'comment',
        '--comment',
        comment,
        '-j',
        'ACCEPT',
      ]);
    }
  }

  #comment(bridge: string): string {
    return `${this.#own}: ${bridge}`;
  }

  /** Handles of our rules in the chain; none if the chain is gone. */
  async #handles(chain: ForeignChain, comment: string): Promise<number[]> {
    const argv = ['nft', '-j', '-a', 'list', 'chain', chain.family, chain.table, chain.chain] as const;
    const { code, stdout } = await run([...argv], { accept: [0, 1] });
    return code === 0 ? parseRuleHandles(stdout.toString('utf8'), comment) : [];
  }

  /** Output of iptables-legacy; undefined where it failed or is not used here. */
  async #iptables(args: string[]): Promise<string | undefined> {
    try {
      const result = await run(['iptables-legacy', '-w', '2', ...args], { accept: [0, 1] });
      return result.code === 0 ? result.stdout.toString('utf8') : undefined;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') this.#log.warn('iptables-legacy failed', { error });
      return undefined;
    }
  }
}

/** The chains in `nft -j list chains` that filter forwarded packets, drop by policy and are not in the table `own`. */
export function parseForwardDrops(json: string, own: string): ForeignChain[] {
  return objectsOf(json, 'chain').flatMap(({ family, table, name, hook, type, policy }) => {
    if (hook !== 'forward' || type !== 'filter' || policy !== 'drop') return [];
    if (family !== 'ip' && family !== 'inet') return [];
    if (typeof table !== 'string' || typeof name !== 'string') return [];
    return family === 'inet' && table === own ? [] : [{ family, table, chain: name }];
  });
}

/** The handles of the rules with this comment in `nft -j -a list chain`. */
export function parseRuleHandles(json: string, comment: string): number[] {
  return objectsOf(json, 'rule').flatMap((rule) =>
    rule['comment'] === comment && typeof rule['handle'] === 'number' ? [rule['handle']] : [],
  );
}

function objectsOf(json: string, kind: string): Record<string, unknown>[] {
  const { nftables } = JSON.parse(json) as {
    nftables: Record<string, Record<string, unknown> | undefined>[];
  };
  return nftables.map((entry) => entry[kind]).filter((found) => found !== undefined);
}
