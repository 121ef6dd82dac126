import { NetlinkMessage, NLM_F_ACK, NLM_F_CREATE } from './netlink-message.ts';
import { NETLINK_NETFILTER, NetlinkSocket } from './netlink-socket.ts';

/** nfnetlink: elements of nftables sets and maps, changed in one transaction, and entries of conntrack. */

const BATCH_BEGIN = 16;
const BATCH_END = 17;
const SUBSYS_CTNETLINK = 1 << 8;
const SUBSYS_NFTABLES = 10 << 8;
const NFT_MSG_NEWSETELEM = 12;
const NFT_MSG_DELSETELEM = 14;
const IPCTNL_MSG_CT_DELETE = 2;
const NFPROTO_INET = 1;
const NFPROTO_IPV4 = 2;

const LIST_TABLE = 1;
const LIST_SET = 2;
const LIST_ELEMENTS = 3;
const LIST_ELEMENT = 1;
const ELEMENT_KEY = 1;
const ELEMENT_DATA = 2;
const ELEMENT_FLAGS = 3;
const ELEMENT_USERDATA = 6;
const ELEMENT_KEY_END = 10;
const DATA_VALUE = 1;
const INTERVAL_END = 1;

const CTA_TUPLE_ORIG = 1;
const CTA_TUPLE_REPLY = 2;
const CTA_TUPLE_PROTO = 2;
const CTA_PROTO_NUM = 1;
const CTA_PROTO_DST_PORT = 3;
const FILTER_PROTO_NUM = 8;
const FILTER_PROTO_DST_PORT = 32;
const CTA_TUPLE_IP = 1;
const CTA_IP_V4_SRC = 1;
const CTA_FILTER = 25;
const CTA_FILTER_ORIG_FLAGS = 1;
const CTA_FILTER_REPLY_FLAGS = 2;
const FILTER_IP_SRC = 1;

/** Elements of one message: an attribute holds 64 KiB, an element of ours at most 160 bytes. */
const CHUNK = 300;

/** Keys and data are fields one after another, each padded to four bytes (`concat`). */
export interface SetElement {
  key: Buffer;
  /** Last key of the interval, for concatenations of an interval set. */
  keyEnd?: Buffer;
  /** What a map gives for the key. */
  data?: Buffer;
  /** Marks the end (exclusive) of an interval, for interval sets of a single field. */
  intervalEnd?: boolean;
  /** Shown by `nft list`. */
  comment?: string;
}

export type SetChange =
  | { change: 'add' | 'delete'; set: string; elements: SetElement[] }
  | { change: 'flush'; set: string };

/** Pads each field to whole registers of four bytes, as nftables lays out concatenations. */
export function concat(...fields: Uint8Array[]): Buffer {
  return Buffer.concat(
    fields.map((field) => {
      const padded = Buffer.alloc((field.length + 3) & ~3);
      padded.set(field);
      return padded;
    }),
  );
}

function header(family: number, resource = 0): Buffer {
  const bytes = Buffer.alloc(4);
  bytes[0] = family;
  bytes.writeUInt16BE(resource, 2);
  return bytes;
}

function elementMessage(table: string, set: string, change: 'add' | 'delete', elements: SetElement[]) {
  const type = SUBSYS_NFTABLES | (change === 'add' ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM);
  const flags = NLM_F_ACK | (change === 'add' ? NLM_F_CREATE : 0);
  const message = new NetlinkMessage(
    `${change} elements of ${table} ${set}`,
    type,
    flags,
    header(NFPROTO_INET),
  );
  message.text(LIST_TABLE, table).text(LIST_SET, set);
  if (elements.length === 0) return message;
  return message.nest(LIST_ELEMENTS, () => {
    for (const element of elements) {
      message.nest(LIST_ELEMENT, () => {
        message.nest(ELEMENT_KEY, () => message.attr(DATA_VALUE, element.key));
        const { keyEnd, data, comment } = element;
        if (keyEnd) message.nest(ELEMENT_KEY_END, () => message.attr(DATA_VALUE, keyEnd));
        if (element.intervalEnd) message.be32(ELEMENT_FLAGS, INTERVAL_END);
        if (data && change === 'add') message.nest(ELEMENT_DATA, () => message.attr(DATA_VALUE, data));
        if (comment && change === 'add') message.attr(ELEMENT_USERDATA, commentBytes(comment));
      });
    }
  });
}

/** Userdata as the nft program writes it: type 0, length, text with its zero. */
function commentBytes(comment: string): Buffer {
  const text = Buffer.from(`${comment.slice(0, 120)}\0`);
  return Buffer.concat([Buffer.of(0, text.length), text]);
}

/** The messages of a transaction, between its begin and end. */
export function encodeSetChanges(table: string, changes: readonly SetChange[]): NetlinkMessage[] {
  const messages = changes.flatMap((change) => {
    // Spec: a delete that names no element deletes all.
    if (change.change === 'flush') return [elementMessage(table, change.set, 'delete', [])];
    const chunks: NetlinkMessage[] = [];
    for (let at = 0; at < change.elements.length; at += CHUNK) {
      chunks.push(elementMessage(table, change.set, change.change, change.elements.slice(at, at + CHUNK)));
    }
    return chunks;
  });
  const frame = header(0, SUBSYS_NFTABLES >> 8);
  return [
    new NetlinkMessage('begin', BATCH_BEGIN, 0, frame),
    ...messages,
    new NetlinkMessage('end', BATCH_END, 0, frame),
  ];
}

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
    const messages = encodeSetChanges(table, changes);
    if (messages.length > 2) this.request(...messages);
  }

  /** Forgets the IPv4 connections whose answers come from `address`. Spec: CTA_FILTER is of kernel 5.8. */
  forgetAnswersFrom(address: Uint8Array): void {
    const type = SUBSYS_CTNETLINK | IPCTNL_MSG_CT_DELETE;
    const message = new NetlinkMessage('forget connections', type, NLM_F_ACK, header(NFPROTO_IPV4));
    message.nest(CTA_TUPLE_REPLY, () => {
      message.nest(CTA_TUPLE_IP, () => message.attr(CTA_IP_V4_SRC, address));
    });
    this.request(filtered(message, 0, FILTER_IP_SRC));
  }

  /** Forgets the IPv4 flows to a port of whatever address: of a protocol without connections they never end else. */
  forgetFlowsTo(protocol: number, port: number): void {
    const type = SUBSYS_CTNETLINK | IPCTNL_MSG_CT_DELETE;
    const message = new NetlinkMessage('forget flows', type, NLM_F_ACK, header(NFPROTO_IPV4));
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
