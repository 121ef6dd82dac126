import { SysError } from '../errors.ts';
import { NetlinkMessage, NLM_F_ACK } from './netlink-message.ts';
import { parseAttributes } from './netlink-parse.ts';
import { NETLINK_NETFILTER, NetlinkSocket } from './netlink-socket.ts';
import {
  batch,
  netfilterHeader as header,
  NFPROTO_IPV4,
  NFPROTO_IPV6,
  SUBSYS_NFTABLES,
} from './nft-batch.ts';
import {
  chainQuestion,
  type NftChain,
  type NftFamily,
  type NftRule,
  parseChain,
  parseRule,
  ruleQuestion,
} from './nft-rules.ts';
import { parseElements, type SetChange, type SetElement, setMessages, setQuestion } from './nft-sets.ts';

/** nfnetlink: nftables' sets, chains and rules, changed in transactions, and entries of conntrack. */

const SUBSYS_CTNETLINK = 1 << 8;
const NFT_MSG_GETGEN = 16;
const GENERATION_ID = 1;
const IPCTNL_MSG_CT_DELETE = 2;

const CTA_TUPLE_ORIG = 1;
const CTA_TUPLE_REPLY = 2;
const CTA_TUPLE_PROTO = 2;
const CTA_PROTO_NUM = 1;
const CTA_PROTO_DST_PORT = 3;
const FILTER_PROTO_NUM = 8;
const FILTER_PROTO_DST_PORT = 32;
const CTA_TUPLE_IP = 1;
const CTA_IP_V4_SRC = 1;
const CTA_IP_V6_SRC = 3;
const CTA_FILTER = 25;
const CTA_FILTER_ORIG_FLAGS = 1;
const CTA_FILTER_REPLY_FLAGS = 2;
const FILTER_IP_SRC = 1;

function filtered(message: NetlinkMessage, orig: number, reply: number): NetlinkMessage {
  return message.nest(CTA_FILTER, () => {
    message.u32(CTA_FILTER_ORIG_FLAGS, orig).u32(CTA_FILTER_REPLY_FLAGS, reply);
  });
}

/** A netfilter socket of the namespace in which it was opened. */
export class Nfnetlink extends NetlinkSocket {
  constructor() {
    super(NETLINK_NETFILTER);
    this.enlarge(8 * 1024 * 1024);
  }

  /**
   * Changes sets and maps of an `inet` table, all or nothing. Adding what is there already is no error; deleting what
   * is not there is ENOENT, and another value under the same key EEXIST.
   */
  changeSets(table: string, changes: readonly SetChange[]): void {
    this.transaction(setMessages(table, changes));
  }

  /** Carries out messages that change nftables, all or none. */
  transaction(messages: readonly NetlinkMessage[]): void {
    if (messages.length > 0) this.request(...batch(messages));
  }

  /** The elements of a set or map of an `inet` table. ENOENT if table or set are not there. */
  elements(table: string, set: string): SetElement[] {
    return this.ask(setQuestion(table, set)).flatMap(({ payload }) => parseElements(payload));
  }

  /** A number that changes with each change of nftables, by whomever, in this namespace. */
  generation(): number {
    const question = new NetlinkMessage('generation', SUBSYS_NFTABLES | NFT_MSG_GETGEN, 0, header(0));
    const [answer] = this.ask(question);
    const id = answer && parseAttributes(answer.payload.subarray(4)).get(GENERATION_ID);
    if (!id) throw new SysError('netlink', 5, 'generation');
    return id.readUInt32BE(0);
  }

  /** The chains of all tables of the families through which IP packets go. */
  chains(): NftChain[] {
    return (['ip', 'ip6', 'inet'] as const).flatMap((family) =>
      this.ask(chainQuestion(family)).map(({ payload }) => parseChain(family, payload)),
    );
  }

  /** Rules of a table, or of one chain of it, in their order; none if it is not there. */
  rules(family: NftFamily, table: string, chain?: string): (NftRule & { chain: string })[] {
    try {
      return this.ask(ruleQuestion(family, table, chain)).map(({ payload }) => parseRule(payload));
    } catch (error) {
      if (error instanceof SysError && error.code === 'ENOENT') return [];
      throw error;
    }
  }

  /** Forgets the connections whose answers come from `address`, v4 or v6. Spec: CTA_FILTER is of kernel 5.8. */
  forgetAnswersFrom(address: Uint8Array): void {
    const type = SUBSYS_CTNETLINK | IPCTNL_MSG_CT_DELETE;
    const v6 = address.length === 16;
    const family = header(v6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
    const message = new NetlinkMessage('forget connections', type, NLM_F_ACK, family);
    message.nest(CTA_TUPLE_REPLY, () => {
      message.nest(CTA_TUPLE_IP, () => message.attr(v6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, address));
    });
    this.request(filtered(message, 0, FILTER_IP_SRC));
  }

  /** Forgets the flows to a port of whatever address: of a protocol without connections they never end else. */
  forgetFlowsTo(protocol: number, port: number, family: 4 | 6 = 4): void {
    const type = SUBSYS_CTNETLINK | IPCTNL_MSG_CT_DELETE;
    const head = header(family === 6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
    const message = new NetlinkMessage('forget flows', type, NLM_F_ACK, head);
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16BE(port);
    message.nest(CTA_TUPLE_ORIG, () => {
      message.nest(CTA_TUPLE_PROTO, () => {
        message.u8(CTA_PROTO_NUM, protocol).attr(CTA_PROTO_DST_PORT, bytes);
      });
    });
    this.request(filtered(message, FILTER_PROTO_NUM | FILTER_PROTO_DST_PORT, 0));
  }
}
