import { existsSync, readFileSync } from 'node:fs';
import { errnoOf, type Logger } from '../../base/mod.ts';
import {
  type ChainName,
  deleteRule,
  type Nfnetlink,
  type NftChain,
  type NftRule,
  newRule,
  run,
  verdictOf,
} from '../../sys/mod.ts';
import { DOCKER_USER } from './docker-user.ts';

/**
 * Others' forward chains. An accept in our table does not undo a drop in another's, so where such a chain drops what no
 * rule of it accepted, by policy (iptables-nft's FORWARD beside a dockerd) or by its last rule, accept rules for our
 * bridges go to its top, each with a comment that names our table and the bridge, and are taken back with the bridge.
 * What a rule before the last one drops stays dropped where the policy is accept.
 */
export class ForeignChains {
  readonly #own: string;
  readonly #log: Logger;
  #chains: ChainName[] = [];
  /** The `iptables-legacy` FORWARD chain drops. */
  #legacy = false;

  constructor(ownTable: string, log: Logger) {
    this.#own = ownTable;
    this.#log = log;
  }

  /** Looks for such chains, in nftables and among those of iptables-legacy. */
  async open(socket: Nfnetlink): Promise<void> {
    this.#chains = socket
      .chains()
      .filter((chain) => isForwardFilter(chain, this.#own))
      .filter((chain) => dropsTheRest(chain, socket.rules(chain.family, chain.table, chain.chain)));
    this.#legacy = hasLegacyFilter() && dropsByText((await this.#iptables(['-S', 'FORWARD'])) ?? '');
  }

  /** Idempotent. */
  async allow(socket: Nfnetlink, bridges: readonly string[]): Promise<void> {
    for (const chain of this.#chains) {
      const rules = socket.rules(chain.family, chain.table, chain.chain);
      // What is jumped to first stays first.
      const first = rules.findLast((rule) => verdictOf(rule)?.chain === DOCKER_USER);
      const messages = bridges.flatMap((bridge) => {
        const comment = this.#comment(bridge);
        const ours = rules.filter((rule) => rule.comment === comment);
        if (ours.length === 2) return [];
        this.#log.info('allowing a bridge in a chain that drops', { bridge, ...chain });
        return [
          ...ours.map(({ handle }) => deleteRule(chain, handle)),
          ...(['iifname', 'oifname'] as const).map((match) =>
            newRule(chain, [{ match, name: bridge }, { counter: true }, { verdict: 'accept' }], {
              comment,
              after: first?.handle,
            }),
          ),
        ];
      });
      this.#attempt(() => socket.transaction(messages));
    }
    if (!this.#legacy) return;
    const there = (await this.#iptables(['-S', 'FORWARD'])) ?? '';
    const rules = there.split('\n').filter((line) => line.startsWith('-A'));
    const place = rules.findLastIndex((line) => line.endsWith(`-j ${DOCKER_USER}`)) + 2;
    for (const bridge of bridges) {
      for (const which of ['-i', '-o']) {
        if (there.includes(`${which} ${bridge} -m comment --comment "${this.#comment(bridge)}"`)) continue;
        const [chain = '', ...rule] = this.#legacyRule(which, bridge);
        await this.#iptables(['-I', chain, String(place), ...rule]);
      }
    }
  }

  async forget(socket: Nfnetlink, bridge: string): Promise<void> {
    const comment = this.#comment(bridge);
    this.#deleteWhere(socket, (rule) => rule.comment === comment);
    if (!this.#legacy) return;
    for (const which of ['-i', '-o']) await this.#iptables(['-D', ...this.#legacyRule(which, bridge)]);
  }

  /** Takes back the rules for bridges that are not among `bridges`: of networks that went while no daemon ran. */
  async forgetOthers(socket: Nfnetlink, bridges: readonly string[]): Promise<void> {
    const keep = new Set(bridges.map((bridge) => this.#comment(bridge)));
    this.#deleteWhere(socket, ({ comment }) => comment.startsWith(this.#comment('')) && !keep.has(comment));
  }

  #deleteWhere(socket: Nfnetlink, wanted: (rule: NftRule) => boolean): void {
    for (const chain of socket.chains().filter((each) => isForwardFilter(each, this.#own))) {
      const rules = socket.rules(chain.family, chain.table, chain.chain).filter(wanted);
      this.#attempt(() => socket.transaction(rules.map(({ handle }) => deleteRule(chain, handle))));
    }
  }

  /** Race: whoever the chain belongs to may remove it while we look at it. */
  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }

  #legacyRule(which: string, bridge: string): string[] {
    const comment = this.#comment(bridge);
    return ['FORWARD', which, bridge, '-m', 'comment', '--comment', comment, '-j', 'ACCEPT'];
  }

  #comment(bridge: string): string {
    return `${this.#own}: ${bridge}`;
  }

  /** Output of iptables-legacy; undefined where it failed or is not used here. */
  async #iptables(args: string[]): Promise<string | undefined> {
    return await iptablesLegacy('iptables-legacy', args, this.#log);
  }
}

/** Output of a program of iptables-legacy; undefined where it failed or is not there. */
export async function iptablesLegacy(
  program: 'iptables-legacy' | 'ip6tables-legacy',
  args: string[],
  log: Logger,
): Promise<string | undefined> {
  try {
    const result = await run([program, '-w', '2', ...args], { accept: [0, 1] });
    return result.code === 0 ? result.stdout.toString('utf8') : undefined;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') log.warn(`${program} failed`, { error });
    return undefined;
  }
}

/** Asking iptables-legacy would make its tables where there are none. */
export function hasLegacyFilter(names = '/proc/net/ip_tables_names'): boolean {
  if (!existsSync(names)) return false;
  return readFileSync(names, 'utf8').split('\n').includes('filter');
}

function isForwardFilter(chain: NftChain, own: string): boolean {
  if (chain.hook !== 'forward' || chain.type !== 'filter') return false;
  return !(chain.family === 'inet' && chain.table === own);
}

/** Whether a packet that no rule accepts is dropped. */
export function dropsTheRest(chain: Pick<NftChain, 'policy'>, rules: readonly NftRule[]): boolean {
  if (chain.policy === 'drop') return true;
  const last = rules.at(-1);
  if (!last || verdictOf(last)?.verdict !== 'drop') return false;
  return last.expressions.every(({ name }) => UNCONDITIONAL.includes(name));
}

const UNCONDITIONAL = ['counter', 'log', 'immediate', 'reject', 'target'];

/** The same of what `iptables -S FORWARD` prints. */
export function dropsByText(rules: string): boolean {
  const lines = rules.trim().split('\n');
  return lines[0] === '-P FORWARD DROP' || /^-A FORWARD -j (DROP|REJECT)\b/.test(lines.at(-1) ?? '');
}
