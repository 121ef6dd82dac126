import { align, HEAD } from './netlink-message.ts';

const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
const NLMSGERR_ATTR_MSG = 1;
const NLA_TYPE_MASK = 0x3fff;

export interface ReceivedMessage {
  type: number;
  flags: number;
  sequence: number;
  payload: Buffer;
}

/** Splits a datagram into its messages. What is cut off or of an impossible length ends the list. */
export function parseMessages(datagram: Buffer): ReceivedMessage[] {
  const messages: ReceivedMessage[] = [];
  for (let at = 0; at + HEAD <= datagram.length; ) {
    const length = datagram.readUInt32LE(at);
    if (length < HEAD || at + length > datagram.length) break;
    messages.push({
      type: datagram.readUInt16LE(at + 4),
      flags: datagram.readUInt16LE(at + 6),
      sequence: datagram.readUInt32LE(at + 8),
      payload: datagram.subarray(at + HEAD, at + length),
    });
    at += align(length);
  }
  return messages;
}

/** Attributes by type; of one that comes twice the last. What is cut off ends the list. */
export function parseAttributes(bytes: Buffer): Map<number, Buffer> {
  return new Map(listAttributes(bytes));
}

/** All attributes in their order, type and value: for lists, whose members are of one type. */
export function listAttributes(bytes: Buffer): [type: number, value: Buffer][] {
  const attributes: [number, Buffer][] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < 4 || at + length > bytes.length) break;
    attributes.push([bytes.readUInt16LE(at + 2) & NLA_TYPE_MASK, bytes.subarray(at + 4, at + length)]);
    at += align(length);
  }
  return attributes;
}

/** The text of an attribute, without the zero that ends it. */
export function attributeText(value: Buffer | undefined): string {
  if (!value) return '';
  const end = value.indexOf(0);
  return value.toString('utf8', 0, end < 0 ? value.length : end);
}

/** Errno and, where the kernel gives one, its explanation, of an NLMSG_ERROR message (0 = acknowledged). */
export function parseError(message: ReceivedMessage): { errno: number; text: string } {
  if (message.payload.length < 4) return { errno: 5, text: 'short answer' };
  const errno = -message.payload.readInt32LE(0);
  if (!(message.flags & NLM_F_ACK_TLVS) || message.payload.length < 4 + HEAD) return { errno, text: '' };
  const original = message.flags & NLM_F_CAPPED ? HEAD : align(message.payload.readUInt32LE(4));
  const attributes = parseAttributes(message.payload.subarray(4 + original));
  return { errno, text: attributeText(attributes.get(NLMSGERR_ATTR_MSG)) };
}
