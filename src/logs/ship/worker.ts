import { type MessagePort, workerData } from 'node:worker_threads';
import { messageOf } from '../../base/mod.ts';
import { senderOf } from '../driver/open-sender.ts';
import { compressRotated } from './compress.ts';
import type { FromBackground, ShipSpec, ToBackground } from './protocol.ts';
import { Shipper } from './shipper.ts';

/** The background thread: sends records to their receivers, and compresses rotated files. Both wait for others. */
const { port } = workerData as { port: MessagePort };
const shippers = new Map<number, Shipper>();
const toCompress = new Map<string, Extract<ToBackground, { type: 'compress' }>>();
let compressing = false;

const post = (message: FromBackground) => port.postMessage(message);

function answer(call: number, work: Promise<void>): void {
  work.then(
    () => post({ type: 'answer', call }),
    (error: unknown) => post({ type: 'answer', call, error: messageOf(error) }),
  );
}

async function open(spec: ShipSpec): Promise<void> {
  const shipper = new Shipper(spec, await senderOf(spec.driver), post);
  shippers.set(spec.key, shipper);
  try {
    await shipper.begin();
  } catch (error) {
    shippers.delete(spec.key);
    throw error;
  }
}

async function end(key: number): Promise<void> {
  const shipper = shippers.get(key);
  await shipper?.end();
  shippers.delete(key);
}

async function compress(): Promise<void> {
  if (compressing) return;
  compressing = true;
  for (const [path, { format }] of toCompress) {
    toCompress.delete(path);
    try {
      for await (const { identity, copy } of compressRotated(path, format)) {
        // Its number may change until the copy has its place: the pump, who changes it, puts it there.
        const placed = new Promise<void>((resolve) => {
          onPlaced = resolve;
        });
        post({ type: 'compressed', path, identity, copy });
        await placed;
      }
    } catch (error) {
      post({
        type: 'trouble',
        message: 'rotated log cannot be compressed',
        fields: { path, error: messageOf(error) },
      });
    }
  }
  compressing = false;
}

let onPlaced: () => void = () => {};

port.on('message', (message: ToBackground) => {
  switch (message.type) {
    case 'open':
      answer(message.call, open(message.ship));
      break;
    case 'end':
      answer(message.call, end(message.key));
      break;
    case 'abandon':
      shippers.get(message.key)?.abandon();
      shippers.delete(message.key);
      break;
    case 'grown':
      shippers.get(message.key)?.grown();
      break;
    case 'compress':
      toCompress.set(message.path, message);
      compress();
      break;
    case 'placed':
      onPlaced();
      break;
    case 'close':
      Promise.all([...shippers.values()].map((shipper) => shipper.abandon())).finally(() => port.close());
      break;
  }
});
