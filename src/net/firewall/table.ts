import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { errnoOf, type Logger } from '../../base/mod.ts';
import { atomicWrite, type Nfnetlink, type NftRule, run } from '../../sys/mod.ts';
import { chainNames, type RulesetOptions, tableScript, USER_CHAIN } from './ruleset.ts';

/**
 * The skeleton of our table in the kernel. The `nft` program loads it; whether it is there still, rule by rule, is told
 * in process, by what was seen right after it was loaded: running nft costs more than all else of a daemon's start.
 */
export class Table {
  readonly #options: RulesetOptions;
  readonly #log: Logger;
  readonly #noteFile: string;

  /** `noteFile`: on a tmpfs, what our rules looked like once they were loaded. */
  constructor(options: RulesetOptions, noteFile: string, log: Logger) {
    this.#options = options;
    this.#noteFile = noteFile;
    this.#log = log;
  }

  /** Whether sets, chains and rules are those that `load` would make. */
  isIntact(socket: Nfnetlink): boolean {
    let noted: string;
    try {
      noted = readFileSync(this.#noteFile, 'utf8');
    } catch {
      return false;
    }
    return noted === this.#note(socket);
  }

  /** Loads the skeleton, in one transaction: elements stay, and the administrator's rules. */
  async load(socket: Nfnetlink): Promise<void> {
    const { table } = this.#options;
    const script = tableScript(this.#options);
    try {
      await nft(script);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') throw error;
      // A table of another version has sets or chains of other types.
      this.#log.warn('the nftables table is made anew', { table, error });
      const theirs = await this.#userRules();
      await nft(`table inet ${table}\ndelete table inet ${table}\n${script}${theirs}`);
    }
    atomicWrite(this.#noteFile, this.#note(socket), { mode: 0o600 });
  }

  /** Removes the table; of one with rules of the administrator's, all but these. */
  async remove(): Promise<void> {
    const { table } = this.#options;
    const theirs = await this.#userRules();
    // Declared first, so that it is there to be deleted.
    const gone = `table inet ${table}\ndelete table inet ${table}\n`;
    if (theirs === '') return await nft(gone);
    try {
      await nft(gone + theirs);
    } catch (error) {
      // Their rules name something of ours. Without base chains nothing of it is asked.
      this.#log.info("the nftables table stays for the administrator's rules", { table, error });
      const hooks = chainNames(this.#options).map(
        (chain) => `flush chain inet ${table} ${chain}\ndelete chain inet ${table} ${chain}`,
      );
      await nft(hooks.reverse().join('\n'));
    }
  }

  /** Text for nft that puts back the rules of the administrator's chain; '' if there are none. */
  async #userRules(): Promise<string> {
    const argv = ['nft', '-s', 'list', 'chain', 'inet', this.#options.table, USER_CHAIN];
    const { code, stdout } = await run(argv as [string, ...string[]], { accept: [0, 1] });
    const text = stdout.toString('utf8');
    return code === 0 && text.split('\n').length > 5 ? text : '';
  }

  /** The script and all of our rules as the kernel has them, but for their counters. */
  #note(socket: Nfnetlink): string {
    const { table } = this.#options;
    const hash = createHash('sha256').update(tableScript(this.#options));
    const ours = new Set(chainNames(this.#options));
    const chains = socket.chains().filter((chain) => chain.family === 'inet' && chain.table === table);
    for (const { chain, hook, type, policy } of chains) hash.update(`${chain} ${hook} ${type} ${policy}\n`);
    for (const rule of socket.rules('inet', table)) {
      if (ours.has(rule.chain)) hash.update(`${rule.chain}\n`).update(withoutCounters(rule));
    }
    return hash.digest('hex');
  }
}

function withoutCounters(rule: NftRule): Buffer {
  return Buffer.concat(
    rule.expressions.map(({ name, data }) =>
      Buffer.concat([Buffer.from(`${name}\n`), name === 'counter' ? Buffer.alloc(0) : data]),
    ),
  );
}

async function nft(script: string): Promise<void> {
  await run(['nft', '-f', '-'], { input: script });
}
