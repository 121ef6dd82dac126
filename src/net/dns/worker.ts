import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../base/mod.ts';
import { NameServer } from './name-server.ts';
import type { FromNames, NameThreadData, ToNames } from './protocol.ts';

/** The thread that answers queries. It blocks in epoll_wait, so messages are fetched, not delivered. */
const { port, ...data } = workerData as NameThreadData & { port: MessagePort };

const post = (message: FromNames) => port.postMessage(message);
const receive = () => receiveMessageOnPort(port)?.message as ToNames | undefined;

try {
  using server = new NameServer(data, receive, post);
  await server.run(() => new Promise((resolve) => setImmediate(resolve)));
} catch (error) {
  // A rejection in a worker is silent.
  post({ type: 'fatal', message: messageOf(error) });
} finally {
  port.close();
}
