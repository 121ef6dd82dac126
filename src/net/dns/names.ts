import { closeSync } from 'node:fs';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { type ContainerId, type Logger, messageOf } from '../../base/mod.ts';
import {
  closeFd,
  closeNamespace,
  openEventFd,
  openInetServer,
  openNamespace,
  programFile,
  requireFreeDescriptors,
  signalEventFd,
  visitNamespace,
} from '../../sys/mod.ts';
import type {
  FromNames,
  NamedHost,
  NameThreadData,
  SandboxView,
  ServerSockets,
  ToNames,
} from './protocol.ts';
import { installRedirect, openFirewallSocket, SERVER_ADDRESS } from './redirect.ts';

/** The thread ends when it has had nobody to serve for so long. */
const IDLE_MS = 10_000;
/** A thread that was lost is replaced after so long. */
const AGAIN_MS = 1_000;
/** Descriptors of a new thread, beside the two of each sandbox. */
const THREAD_DESCRIPTORS = 64;

interface Served {
  key: number;
  namespace: string;
  view: SandboxView;
}

/**
 * The name servers of all sandboxes: opens their sockets, and tells the thread that answers who is called what. It keeps
 * no state on disk: after a start of the daemon everything is told again, and the sockets are opened anew.
 */
export class Names {
  readonly #log: Logger;
  readonly #hosts = new Map<string, NamedHost>();
  readonly #served = new Map<ContainerId, Served>();
  #thread: ({ port: MessagePort } & NameThreadData) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastKey = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** From now on others of its network find it by its names. */
  addHost(host: NamedHost): void {
    this.#hosts.set(hostKey(host), host);
    this.#post({ type: 'host', host });
  }

  removeHost(host: { networkId: string; endpointId: string }): void {
    const { networkId, endpointId } = host;
    if (this.#hosts.delete(hostKey(host))) this.#post({ type: 'no host', networkId, endpointId });
  }

  /**
   * Opens a server in the sandbox whose namespace is pinned at this path, or changes what the one there sees. The rules
   * that lead to it take the place of those that an earlier daemon left. Throws SysError.
   */
  serve(id: ContainerId, namespace: string, view: SandboxView): void {
    const served = this.#served.get(id);
    if (served) {
      served.view = view;
      this.#post({ type: 'view', key: served.key, view });
      return;
    }
    const made = { key: ++this.#lastKey, namespace, view };
    clearTimeout(this.#timer);
    const sockets = openServer(namespace);
    try {
      this.#start();
    } catch (error) {
      closeSockets(sockets);
      throw error;
    }
    this.#served.set(id, made);
    this.#post({ type: 'serve', ...made, sockets });
  }

  /** Closes its server: the namespace can go. Idempotent. */
  drop(id: ContainerId): void {
    const served = this.#served.get(id);
    if (!served) return;
    this.#served.delete(id);
    this.#post({ type: 'drop', key: served.key });
    if (this.#served.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(), IDLE_MS);
    this.#timer.unref();
  }

  /** Forgets all, before what runs is told anew; and at the end of the daemon. */
  clear(): void {
    for (const id of [...this.#served.keys()]) this.drop(id);
    for (const host of [...this.#hosts.values()]) this.removeHost(host);
  }

  close(): void {
    this.clear();
    clearTimeout(this.#timer);
    this.#end();
  }

  #start(): void {
    if (this.#thread) return;
    // Race: a worker made when no descriptor is left ends the whole process.
    requireFreeDescriptors(THREAD_DESCRIPTORS);
    const wake = openEventFd();
    const { port1: port, port2 } = new MessageChannel();
    const told = new Int32Array(new SharedArrayBuffer(4));
    const workerData = { port: port2, wake, told };
    const program = programFile('net/dns/worker.ts');
    const worker = new Worker(program, { name: 'minke-names', workerData, transferList: [port2] });
    const thread = { port, wake, told };
    let reason = 'it ended';
    port.on('message', (message: FromNames) => {
      if (message.type === 'fatal') reason = message.message;
      else this.#log.error(message.message, message.fields);
    });
    port.unref();
    worker.unref();
    worker.on('error', (error) => {
      reason = messageOf(error);
    });
    worker.once('exit', () => {
      port.close();
      closeSync(wake);
      if (this.#thread === thread) this.#lost(reason);
    });
    this.#thread = thread;
    for (const host of this.#hosts.values()) this.#post({ type: 'host', host });
  }

  #end(): void {
    this.#post({ type: 'close' });
    this.#thread = undefined;
  }

  /** It has closed its descriptors. Containers ask in vain until there is another one. */
  #lost(reason: string): void {
    this.#thread = undefined;
    this.#log.error('the thread that resolves names was lost', { error: reason });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#serveAgain(), AGAIN_MS);
    this.#timer.unref();
  }

  #serveAgain(): void {
    const lost = [...this.#served];
    this.#served.clear();
    for (const [id, { namespace, view }] of lost) {
      try {
        this.serve(id, namespace, view);
      } catch (error) {
        this.#log.error('a container has no name server', { container: id, error });
      }
    }
  }

  #post(message: ToNames): void {
    if (!this.#thread) return;
    this.#thread.port.postMessage(message);
    Atomics.add(this.#thread.told, 0, 1);
    signalEventFd(this.#thread.wake);
  }
}

const hostKey = ({ networkId, endpointId }: { networkId: string; endpointId: string }) =>
  `${networkId} ${endpointId}`;

function openServer(path: string): ServerSockets {
  const namespace = openNamespace(path);
  try {
    const { udp, tcp, firewall } = visitNamespace(namespace, openSockets);
    using socket = firewall;
    const sockets = { udp: udp.fd, tcp: tcp.fd };
    try {
      installRedirect(socket, { udp: udp.port, tcp: tcp.port });
    } catch (error) {
      closeSockets(sockets);
      throw error;
    }
    return sockets;
  } finally {
    closeNamespace(namespace);
  }
}

/** Inside the namespace: nothing here waits, or touches files. */
function openSockets() {
  const udp = openInetServer('udp', SERVER_ADDRESS);
  try {
    const tcp = openInetServer('tcp', SERVER_ADDRESS);
    try {
      return { udp, tcp, firewall: openFirewallSocket() };
    } catch (error) {
      closeFd(tcp.fd);
      throw error;
    }
  } catch (error) {
    closeFd(udp.fd);
    throw error;
  }
}

function closeSockets({ udp, tcp }: ServerSockets): void {
  closeFd(udp);
  closeFd(tcp);
}
