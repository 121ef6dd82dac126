import { NetlinkMessage, NLM_F_ACK, NLM_F_APPEND, NLM_F_CREATE, NLM_F_DUMP } from './netlink-message.ts';
import { attributeText, listAttributes, parseAttributes } from './netlink-parse.ts';
import { NFPROTO_INET, NFPROTO_IPV4, NFPROTO_IPV6, netfilterHeader, SUBSYS_NFTABLES } from './nft-batch.ts';
import { commentBytes } from './nft-sets.ts';

/** Chains and rules of nftables, anybody's: listed, and the few simple rules that stand in others' chains. */

const NFT_MSG_NEWCHAIN = 3;
const NFT_MSG_GETCHAIN = 4;
const NFT_MSG_DELCHAIN = 5;
const NFT_MSG_NEWRULE = 6;
const NFT_MSG_GETRULE = 7;
const NFT_MSG_DELRULE = 8;

const CHAIN_TABLE = 1;
const CHAIN_NAME = 3;
const CHAIN_HOOK = 4;
const CHAIN_POLICY = 5;
const CHAIN_TYPE = 7;
const HOOK_NUMBER = 1;

const RULE_TABLE = 1;
const RULE_CHAIN = 2;
const RULE_HANDLE = 3;
const RULE_EXPRESSIONS = 4;
const RULE_POSITION = 6;
const RULE_USERDATA = 7;
const LIST_ELEMENT = 1;
const EXPRESSION_NAME = 1;
const EXPRESSION_DATA = 2;
const DATA_VALUE = 1;
const DATA_VERDICT = 2;
const VERDICT_CODE = 1;
const VERDICT_CHAIN = 2;
const TARGET_NAME = 1;
const META_KEY_IIFNAME = 6;
const META_KEY_OIFNAME = 7;
const REGISTER_1 = 1;

export type NftFamily = 'ip' | 'ip6' | 'inet';
const FAMILIES = { ip: NFPROTO_IPV4, ip6: NFPROTO_IPV6, inet: NFPROTO_INET } as const;
const HOOKS = ['prerouting', 'input', 'forward', 'output', 'postrouting'] as const;
const VERDICTS = { drop: 0, accept: 1, jump: -3, goto: -4, return: -5 } as const;

export interface ChainName {
  family: NftFamily;
  table: string;
  chain: string;
}

export interface NftChain extends ChainName {
  /** Of base chains only. */
  hook?: (typeof HOOKS)[number];
  type?: string;
  policy?: 'accept' | 'drop';
}

export interface NftExpression {
  name: string;
  /** Attributes of the expression, as the kernel gives them. */
  data: Buffer;
}

export interface NftRule {
  handle: bigint;
  comment: string;
  expressions: NftExpression[];
}

/** One test of a packet, or what is done with it, for `newRule`. */
export type RulePart =
  | { match: 'iifname' | 'oifname'; name: string }
  | { counter: true }
  | { verdict: 'accept' | 'drop' | 'return' }
  | { verdict: 'jump'; chain: string };

export function chainQuestion(family: NftFamily): NetlinkMessage {
  const type = SUBSYS_NFTABLES | NFT_MSG_GETCHAIN;
  return new NetlinkMessage(`chains of ${family}`, type, NLM_F_DUMP, netfilterHeader(FAMILIES[family]));
}

export function parseChain(family: NftFamily, payload: Buffer): NftChain {
  const attributes = parseAttributes(payload.subarray(4));
  const hookAttributes = attributes.get(CHAIN_HOOK);
  const number = hookAttributes && parseAttributes(hookAttributes).get(HOOK_NUMBER)?.readUInt32BE(0);
  const hook = number === undefined ? undefined : HOOKS[number];
  const policy = attributes.get(CHAIN_POLICY)?.readUInt32BE(0);
  return {
    family,
    table: attributeText(attributes.get(CHAIN_TABLE)),
    chain: attributeText(attributes.get(CHAIN_NAME)),
    ...(hook && { hook, type: attributeText(attributes.get(CHAIN_TYPE)) }),
    ...(policy !== undefined && { policy: policy === VERDICTS.drop ? 'drop' : 'accept' }),
  };
}

/** All rules of a table, or of one chain of it. */
export function ruleQuestion(family: NftFamily, table: string, chain?: string): NetlinkMessage {
  const type = SUBSYS_NFTABLES | NFT_MSG_GETRULE;
  const header = netfilterHeader(FAMILIES[family]);
  const message = new NetlinkMessage(`rules of ${family} ${table}`, type, NLM_F_DUMP, header);
  message.text(RULE_TABLE, table);
  if (chain !== undefined) message.text(RULE_CHAIN, chain);
  return message;
}

export function parseRule(payload: Buffer): NftRule & { chain: string } {
  const attributes = parseAttributes(payload.subarray(4));
  const expressions = listAttributes(attributes.get(RULE_EXPRESSIONS) ?? Buffer.alloc(0)).map(([, bytes]) => {
    const expression = parseAttributes(bytes);
    return {
      name: attributeText(expression.get(EXPRESSION_NAME)),
      data: expression.get(EXPRESSION_DATA) ?? Buffer.alloc(0),
    };
  });
  return {
    chain: attributeText(attributes.get(RULE_CHAIN)),
    handle: attributes.get(RULE_HANDLE)?.readBigUInt64BE(0) ?? 0n,
    comment: parseComment(attributes.get(RULE_USERDATA)),
    expressions,
  };
}

/** What a rule decides for every packet that meets its tests; of `jump` with the chain's name. */
export function verdictOf(rule: NftRule): { verdict: string; chain: string } | undefined {
  const last = rule.expressions.at(-1);
  if (last?.name === 'reject') return { verdict: 'drop', chain: '' };
  if (last?.name === 'target' && attributeText(parseAttributes(last.data).get(TARGET_NAME)) === 'REJECT')
    return { verdict: 'drop', chain: '' };
  if (last?.name !== 'immediate') return undefined;
  const data = parseAttributes(last.data).get(2);
  const verdict = data && parseAttributes(data).get(DATA_VERDICT);
  if (!verdict) return undefined;
  const attributes = parseAttributes(verdict);
  const code = attributes.get(VERDICT_CODE)?.readInt32BE(0);
  const name = Object.entries(VERDICTS).find(([, value]) => value === code)?.[0];
  return name === undefined
    ? undefined
    : { verdict: name, chain: attributeText(attributes.get(VERDICT_CHAIN)) };
}

export function newChain({ family, table, chain }: ChainName): NetlinkMessage {
  return chainMessage(NFT_MSG_NEWCHAIN, NLM_F_CREATE, { family, table, chain });
}

/** Fails with EBUSY while rules jump to it. */
export function deleteChain(name: ChainName): NetlinkMessage {
  return chainMessage(NFT_MSG_DELCHAIN, 0, name);
}

function chainMessage(type: number, flags: number, { family, table, chain }: ChainName): NetlinkMessage {
  const what = `chain ${family} ${table} ${chain}`;
  const header = netfilterHeader(FAMILIES[family]);
  return new NetlinkMessage(what, SUBSYS_NFTABLES | type, NLM_F_ACK | flags, header)
    .text(CHAIN_TABLE, table)
    .text(CHAIN_NAME, chain);
}

/** A rule at the top of a chain, or right behind the rule with the handle `after`. */
export function newRule(
  where: ChainName,
  parts: readonly RulePart[],
  options: { comment: string; after?: bigint | undefined },
): NetlinkMessage {
  const { family, table, chain } = where;
  const flags = NLM_F_ACK | NLM_F_CREATE | (options.after === undefined ? 0 : NLM_F_APPEND);
  const header = netfilterHeader(FAMILIES[family]);
  const what = `rule in ${family} ${table} ${chain}`;
  const message = new NetlinkMessage(what, SUBSYS_NFTABLES | NFT_MSG_NEWRULE, flags, header);
  message.text(RULE_TABLE, table).text(RULE_CHAIN, chain);
  if (options.after !== undefined) message.be64(RULE_POSITION, options.after);
  message.nest(RULE_EXPRESSIONS, () => {
    for (const part of parts) addPart(message, part);
  });
  return message.attr(RULE_USERDATA, commentBytes(options.comment));
}

export function deleteRule({ family, table, chain }: ChainName, handle: bigint): NetlinkMessage {
  const header = netfilterHeader(FAMILIES[family]);
  const what = `rule of ${family} ${table} ${chain}`;
  return new NetlinkMessage(what, SUBSYS_NFTABLES | NFT_MSG_DELRULE, NLM_F_ACK, header)
    .text(RULE_TABLE, table)
    .text(RULE_CHAIN, chain)
    .be64(RULE_HANDLE, handle);
}

function addPart(message: NetlinkMessage, part: RulePart): void {
  if ('match' in part) {
    const key = part.match === 'iifname' ? META_KEY_IIFNAME : META_KEY_OIFNAME;
    const name = Buffer.alloc(16);
    name.write(part.name);
    expression(message, 'meta', () => message.be32(1, REGISTER_1).be32(2, key));
    expression(message, 'cmp', () => {
      message.be32(1, REGISTER_1).be32(2, 0);
      message.nest(3, () => message.attr(DATA_VALUE, name));
    });
  } else if ('counter' in part) {
    expression(message, 'counter', () => {});
  } else {
    expression(message, 'immediate', () => {
      message.be32(1, 0);
      message.nest(2, () =>
        message.nest(DATA_VERDICT, () => {
          message.be32(VERDICT_CODE, VERDICTS[part.verdict]);
          if (part.verdict === 'jump') message.text(VERDICT_CHAIN, part.chain);
        }),
      );
    });
  }
}

function expression(message: NetlinkMessage, name: string, fill: () => void): void {
  message.nest(LIST_ELEMENT, () => {
    message.text(EXPRESSION_NAME, name);
    message.nest(EXPRESSION_DATA, fill);
  });
}

function parseComment(userdata: Buffer | undefined): string {
  for (let at = 0; userdata && at + 2 <= userdata.length; ) {
    const [type, length = 0] = userdata.subarray(at, at + 2);
    if (type === 0) return attributeText(userdata.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return '';
}
