import { errnoOf, type Logger } from '../../base/mod.ts';
import {
  type ChainName,
  deleteChain,
  deleteRule,
  type Nfnetlink,
  type NftRule,
  newChain,
  newRule,
  verdictOf,
} from '../../sys/mod.ts';
import { hasLegacyFilter, iptablesLegacy } from './foreign-chains.ts';

/** Where scripts written for Docker put their rules. */
export const DOCKER_USER = 'DOCKER-USER';

/**
 * Docker's chain for the administrator's rules, in the filter tables of iptables where the host has them: there, and
 * jumped to first of all. It is never flushed; only a jump that we made is taken back.
 */
export class DockerUserChains {
  readonly #comment: string;
  readonly #log: Logger;

  constructor(ownTable: string, log: Logger) {
    this.#comment = `${ownTable}: ${DOCKER_USER}`;
    this.#log = log;
  }

  /** Idempotent. */
  async open(socket: Nfnetlink): Promise<void> {
    const chains = socket.chains();
    for (const family of ['ip', 'ip6'] as const) {
      const forward = { family, table: 'filter', chain: 'FORWARD' };
      const has = (chain: string) =>
        chains.find((each) => each.family === family && each.table === 'filter' && each.chain === chain);
      if (has('FORWARD')?.hook !== 'forward') continue;
      const rules = socket.rules(family, 'filter', 'FORWARD');
      const jumps = rules.filter(jumpsThere);
      if (rules[0] && rules[0] === jumps[0]) continue;
      this.#attempt(() =>
        socket.transaction([
          ...(has(DOCKER_USER) ? [] : [newChain({ ...forward, chain: DOCKER_USER })]),
          ...jumps.filter((rule) => this.#isOurs(rule)).map(({ handle }) => deleteRule(forward, handle)),
          newRule(forward, [{ counter: true }, { verdict: 'jump', chain: DOCKER_USER }], {
            comment: this.#comment,
          }),
        ]),
      );
    }
    await this.#openLegacy();
  }

  /** Takes back our jumps, and the chains that nobody put a rule into. */
  async remove(socket: Nfnetlink): Promise<void> {
    for (const family of ['ip', 'ip6'] as const) {
      const forward: ChainName = { family, table: 'filter', chain: 'FORWARD' };
      const ours = socket.rules(family, 'filter', 'FORWARD').filter((rule) => this.#isOurs(rule));
      if (ours.length === 0) continue;
      this.#attempt(() => socket.transaction(ours.map(({ handle }) => deleteRule(forward, handle))));
      if (socket.rules(family, 'filter', DOCKER_USER).length > 0) continue;
      this.#attempt(() => socket.transaction([deleteChain({ ...forward, chain: DOCKER_USER })]));
    }
    for (const [program, names] of LEGACY) {
      if (!hasLegacyFilter(names)) continue;
      await iptablesLegacy(program, ['-D', ...this.#legacyJump()], this.#log);
    }
  }

  async #openLegacy(): Promise<void> {
    for (const [program, names] of LEGACY) {
      if (!hasLegacyFilter(names)) continue;
      const rules = await iptablesLegacy(program, ['-S'], this.#log);
      if (rules === undefined) continue;
      const lines = rules.split('\n');
      if (!lines.includes(`-N ${DOCKER_USER}`)) await iptablesLegacy(program, ['-N', DOCKER_USER], this.#log);
      const first = lines.find((line) => line.startsWith('-A FORWARD '));
      if (first?.endsWith(`-j ${DOCKER_USER}`)) continue;
      await iptablesLegacy(program, ['-D', ...this.#legacyJump()], this.#log);
      await iptablesLegacy(program, ['-I', ...this.#legacyJump()], this.#log);
    }
  }

  #legacyJump(): string[] {
    return ['FORWARD', '-m', 'comment', '--comment', this.#comment, '-j', DOCKER_USER];
  }

  #isOurs(rule: NftRule): boolean {
    return rule.comment === this.#comment;
  }

  /** Race: whoever changes their tables at this moment may be quicker, and may hold what we delete. */
  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!['ENOENT', 'EBUSY'].includes(errnoOf(error) ?? '')) throw error;
      this.#log.debug(`cannot change ${DOCKER_USER}`, { error });
    }
  }
}

const LEGACY = [
  ['iptables-legacy', '/proc/net/ip_tables_names'],
  ['ip6tables-legacy', '/proc/net/ip6_tables_names'],
] as const;

function jumpsThere(rule: NftRule): boolean {
  return rule.expressions.length <= 2 && verdictOf(rule)?.chain === DOCKER_USER;
}
