import { closeSocket, openSocket, sendBytesTo, sockaddrIn, sockaddrIn6 } from './socket.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_RAW = 3;
const IPPROTO_RAW = 255;

/** Sends IP packets whose header the caller made: as packets of this host, whatever their source address. */
export class RawSocket implements Disposable {
  readonly #v4 = openSocket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  readonly #v6 = openSocket(AF_INET6, SOCK_RAW, IPPROTO_RAW);

  /** Throws SysError, e.g. EPERM where an output rule drops the packet. */
  send(packet: Uint8Array): void {
    const v6 = (packet[0] ?? 0) >> 4 === 6;
    const to = v6 ? sockaddrIn6(packet.subarray(24, 40), 0) : sockaddrIn(packet.subarray(16, 20), 0);
    sendBytesTo(v6 ? this.#v6 : this.#v4, packet, to);
  }

  [Symbol.dispose](): void {
    closeSocket(this.#v4);
    closeSocket(this.#v6);
  }
}
