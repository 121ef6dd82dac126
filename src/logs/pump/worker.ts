import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../base/mod.ts';
import type { FromPump, ToPump } from './protocol.ts';
import { Pump } from './pump.ts';

/** The pump's thread. It blocks in epoll_wait, so messages are fetched, not delivered. */
const { port, wake } = workerData as { port: MessagePort; wake: number };

const post = (message: FromPump) => {
  if (message.type === 'chunk') port.postMessage(message, [message.data.buffer as ArrayBuffer]);
  else port.postMessage(message);
};
const receive = () => receiveMessageOnPort(port)?.message as ToPump | undefined;

try {
  using pump = new Pump(post, receive, wake);
  await pump.run(() => new Promise((resolve) => setImmediate(resolve)));
} catch (error) {
  // A rejection in a worker is silent.
  post({ type: 'fatal', message: messageOf(error) });
} finally {
  port.close();
}
