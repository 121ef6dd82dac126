import { NetlinkMessage, NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP } from './netlink-message.ts';
import { listAttributes, parseAttributes } from './netlink-parse.ts';
import { NFPROTO_INET, netfilterHeader, SUBSYS_NFTABLES } from './nft-batch.ts';

/** Elements of nftables sets and maps, as messages and back. */

const NFT_MSG_NEWSETELEM = 12;
const NFT_MSG_GETSETELEM = 13;
const NFT_MSG_DELSETELEM = 14;

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

/** Elements of one message: an attribute holds 64 KiB, an element of ours at most 200 bytes. */
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

function elementMessage(table: string, set: string, change: 'add' | 'delete', elements: SetElement[]) {
  const type = SUBSYS_NFTABLES | (change === 'add' ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM);
  const flags = NLM_F_ACK | (change === 'add' ? NLM_F_CREATE : 0);
  const what = `${change} elements of ${table} ${set}`;
  const message = new NetlinkMessage(what, type, flags, netfilterHeader(NFPROTO_INET));
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
export function commentBytes(comment: string): Buffer {
  const text = Buffer.from(`${comment.slice(0, 120)}\0`);
  return Buffer.concat([Buffer.of(0, text.length), text]);
}

/** Messages that change sets and maps of an `inet` table. */
export function setMessages(table: string, changes: readonly SetChange[]): NetlinkMessage[] {
  return changes.flatMap((change) => {
    // Spec: a delete that names no element deletes all.
    if (change.change === 'flush') return [elementMessage(table, change.set, 'delete', [])];
    const chunks: NetlinkMessage[] = [];
    for (let at = 0; at < change.elements.length; at += CHUNK) {
      chunks.push(elementMessage(table, change.set, change.change, change.elements.slice(at, at + CHUNK)));
    }
    return chunks;
  });
}

/** Asks for all elements of a set. */
export function setQuestion(table: string, set: string): NetlinkMessage {
  const type = SUBSYS_NFTABLES | NFT_MSG_GETSETELEM;
  const header = netfilterHeader(NFPROTO_INET);
  const message = new NetlinkMessage(`elements of ${table} ${set}`, type, NLM_F_DUMP, header);
  return message.text(LIST_TABLE, table).text(LIST_SET, set);
}

/** The elements in one answer to `setQuestion`; `payload` is what follows the message's head. */
export function parseElements(payload: Buffer): SetElement[] {
  const list = parseAttributes(payload.subarray(4)).get(LIST_ELEMENTS);
  if (!list) return [];
  return listAttributes(list).flatMap(([, bytes]) => {
    const element = parseAttributes(bytes);
    const key = value(element.get(ELEMENT_KEY));
    if (!key) return [];
    const keyEnd = value(element.get(ELEMENT_KEY_END));
    const data = value(element.get(ELEMENT_DATA));
    const flags = element.get(ELEMENT_FLAGS)?.readUInt32BE(0) ?? 0;
    return [
      {
        key,
        ...(keyEnd && { keyEnd }),
        ...(data && { data }),
        ...(flags & INTERVAL_END && { intervalEnd: true }),
      },
    ];
  });
}

function value(nested: Buffer | undefined): Buffer | undefined {
  return nested && parseAttributes(nested).get(DATA_VALUE);
}
