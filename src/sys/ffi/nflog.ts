import { constants } from 'node:os';
import { SysError } from '../errors.ts';
import { NetlinkMessage, NLM_F_ACK } from './netlink-message.ts';
import { parseAttributes, parseMessages } from './netlink-parse.ts';
import { NETLINK_NETFILTER, NetlinkSocket } from './netlink-socket.ts';
import { netfilterHeader } from './nft-batch.ts';
import { receiveBytes } from './socket.ts';

/** nfnetlink_log: the packets that a rule with `log group` sends to user space. */

const SUBSYS_ULOG = 4 << 8;
const NFULNL_MSG_PACKET = 0;
const NFULNL_MSG_CONFIG = 1;
const CONFIG_COMMAND = 1;
const CONFIG_MODE = 2;
const CONFIG_THRESHOLD = 5;
const COMMAND_BIND = 1;
const COPY_PACKET = 2;
const PAYLOAD = 9;
const MSG_DONTWAIT = 0x40;

/** Larger than the largest packet with what goes along. */
const received = Buffer.alloc(128 * 1024);

/** The packets of one group, whole. Of those that come faster than they are read some are lost, without a word. */
export class Nflog extends NetlinkSocket {
  constructor(group: number) {
    super(NETLINK_NETFILTER);
    this.enlarge(4 * 1024 * 1024);
    const config = (what: string) => {
      const head = netfilterHeader(0, group);
      return new NetlinkMessage(what, SUBSYS_ULOG | NFULNL_MSG_CONFIG, NLM_F_ACK, head);
    };
    this.request(config('bind to a log group').u8(CONFIG_COMMAND, COMMAND_BIND));
    const mode = Buffer.alloc(6);
    mode.writeUInt32BE(0xffff, 0);
    mode[4] = COPY_PACKET;
    this.request(config('log whole packets').attr(CONFIG_MODE, mode));
    this.request(config('log at once').be32(CONFIG_THRESHOLD, 1));
  }

  /** What has come: the packets from their IP header on, valid until the next call. None where nothing is there. */
  read(): Buffer[] {
    let length: number;
    try {
      length = receiveBytes(this.fd, received, MSG_DONTWAIT);
    } catch (error) {
      const errno = error instanceof SysError ? error.errno : 0;
      // Some did not fit: whoever sent them sends them again.
      if (errno === constants.errno.EAGAIN || errno === constants.errno.ENOBUFS) return [];
      throw error;
    }
    return parseMessages(received.subarray(0, length)).flatMap(({ type, payload }) => {
      if (type !== (SUBSYS_ULOG | NFULNL_MSG_PACKET)) return [];
      return parseAttributes(payload.subarray(4)).get(PAYLOAD) ?? [];
    });
  }
}
