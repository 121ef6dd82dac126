import { NetlinkMessage, NLM_F_ACK, NLM_F_APPEND, NLM_F_CREATE } from './netlink-message.ts';
import type { Nfnetlink } from './nfnetlink.ts';
import { batch, NFPROTO_IPV4, netfilterHeader, SUBSYS_NFTABLES } from './nft-batch.ts';

/**
 * Rules that rewrite packets, over nfnetlink: what the `nft` program would do, without the 3.5 ms and the process. Only
 * what is asked of it: base chains of an `ip` table, and rules that compare and set fields of a packet.
 */

const NFT_MSG_NEWTABLE = 0;
const NFT_MSG_DELTABLE = 2;
const NFT_MSG_NEWCHAIN = 3;
const NFT_MSG_NEWRULE = 6;

const TABLE_NAME = 1;
const CHAIN_TABLE = 1;
const CHAIN_NAME = 3;
const CHAIN_HOOK = 4;
const CHAIN_TYPE = 7;
const HOOK_NUMBER = 1;
const HOOK_PRIORITY = 2;
const RULE_TABLE = 1;
const RULE_CHAIN = 2;
const RULE_EXPRESSIONS = 4;
const LIST_ELEMENT = 1;
const EXPRESSION_NAME = 1;
const EXPRESSION_DATA = 2;
const DATA_VALUE = 1;
const PAYLOAD = { to: 1, base: 2, offset: 3, length: 4, from: 5, sumType: 6, sumOffset: 7 } as const;
const COMPARE = { register: 1, operator: 2, data: 3 } as const;
const META = { to: 1, key: 2 } as const;
const IMMEDIATE = { to: 1, data: 2 } as const;

const REGISTER = 1;
const META_L4PROTO = 16;
const SUM_INTERNET = 1;
const BASES = { network: 1, transport: 2 } as const;
/** Spec: the hook numbers of enum nf_inet_hooks. */
const HOOKS = { output: 3, postrouting: 4 } as const;

/** A field of a packet: where it begins, counted from the head of its layer. */
export interface PacketField {
  base: 'network' | 'transport';
  offset: number;
  bytes: Uint8Array;
}

/** Packets whose fields and protocol are these have another field set, and their checksum made right. */
export interface RewriteRule {
  protocol: number;
  match: PacketField[];
  set: PacketField;
  /** Where the checksum lies in the transport header. */
  checksumAt: number;
}

export interface RewriteChain {
  name: string;
  hook: 'output' | 'postrouting';
  priority: number;
  rules: RewriteRule[];
}

/** Puts an `ip` table with these chains in the place of the one of that name, if there is one, in one transaction. */
export function replaceRewriteTable(socket: Nfnetlink, table: string, chains: RewriteChain[]): void {
  socket.request(
    ...batch([
      // Spec: deleting what is not there is ENOENT; making what is there is not.
      tableMessage(table, 'add'),
      tableMessage(table, 'delete'),
      tableMessage(table, 'add'),
      ...chains.flatMap((chain) => [
        chainMessage(table, chain),
        ...chain.rules.map((rule) => ruleMessage(table, chain.name, rule)),
      ]),
    ]),
  );
}

function message(what: string, type: number, flags = NLM_F_CREATE): NetlinkMessage {
  return new NetlinkMessage(what, SUBSYS_NFTABLES | type, NLM_F_ACK | flags, netfilterHeader(NFPROTO_IPV4));
}

function tableMessage(table: string, change: 'add' | 'delete'): NetlinkMessage {
  const [type, flags] = change === 'add' ? [NFT_MSG_NEWTABLE, NLM_F_CREATE] : [NFT_MSG_DELTABLE, 0];
  return message(`${change} table ${table}`, type, flags).text(TABLE_NAME, table);
}

function chainMessage(table: string, { name, hook, priority }: RewriteChain): NetlinkMessage {
  return message(`add chain ${table} ${name}`, NFT_MSG_NEWCHAIN)
    .text(CHAIN_TABLE, table)
    .text(CHAIN_NAME, name)
    .nest(CHAIN_HOOK, (nest) => nest.be32(HOOK_NUMBER, HOOKS[hook]).be32(HOOK_PRIORITY, priority))
    .text(CHAIN_TYPE, 'filter');
}

function ruleMessage(table: string, chain: string, rule: RewriteRule): NetlinkMessage {
  const made = message(`add rule ${table} ${chain}`, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
  made.text(RULE_TABLE, table).text(RULE_CHAIN, chain);
  return made.nest(RULE_EXPRESSIONS, () => {
    expression(made, 'meta', () => made.be32(META.to, REGISTER).be32(META.key, META_L4PROTO));
    compare(made, Uint8Array.of(rule.protocol));
    for (const field of rule.match) {
      expression(made, 'payload', () => {
        made.be32(PAYLOAD.to, REGISTER).be32(PAYLOAD.base, BASES[field.base]);
        made.be32(PAYLOAD.offset, field.offset).be32(PAYLOAD.length, field.bytes.length);
      });
      compare(made, field.bytes);
    }
    expression(made, 'immediate', () => {
      made.be32(IMMEDIATE.to, REGISTER);
      made.nest(IMMEDIATE.data, () => made.attr(DATA_VALUE, rule.set.bytes));
    });
    expression(made, 'payload', () => {
      made.be32(PAYLOAD.from, REGISTER).be32(PAYLOAD.base, BASES[rule.set.base]);
      made.be32(PAYLOAD.offset, rule.set.offset).be32(PAYLOAD.length, rule.set.bytes.length);
      made.be32(PAYLOAD.sumType, SUM_INTERNET).be32(PAYLOAD.sumOffset, rule.checksumAt);
    });
  });
}

function compare(made: NetlinkMessage, value: Uint8Array): void {
  expression(made, 'cmp', () => {
    made.be32(COMPARE.register, REGISTER).be32(COMPARE.operator, 0);
    made.nest(COMPARE.data, () => made.attr(DATA_VALUE, value));
  });
}

function expression(made: NetlinkMessage, name: string, fill: () => void): void {
  made.nest(LIST_ELEMENT, () => {
    made.text(EXPRESSION_NAME, name).nest(EXPRESSION_DATA, fill);
  });
}
