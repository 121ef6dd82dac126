import { parentPort } from 'node:worker_threads';
import { EngineError, messageOf } from '../../../base/mod.ts';
import { abandonUntars, answerTreeCall } from '../../rootfs/files/answer-tree-call.ts';
import { TreeTar } from '../../rootfs/files/tree-tar.ts';
import { gzipMember } from './gzip-member.ts';
import { LayerTar } from './layer-tar.ts';
import type { FromExporter, TarSource, ToExporter } from './protocol.ts';
import { quickDamage } from './quick-damage.ts';
import { tarSize } from './tar-size.ts';

/**
 * A thread that puts tars of layers together, compresses pieces of them, and works with the files of containers; each
 * message is worked off at once.
 */
const port = parentPort;
if (!port) throw new Error('export-worker runs as a worker thread');

const scratch = Buffer.alloc(64 * 1024);
const tars = new Map<number, LayerTar | TreeTar>();

function close(id: number): void {
  const tar = tars.get(id);
  tars.delete(id);
  tar?.[Symbol.dispose]();
}

function answer(request: Exclude<ToExporter, { call: 'quit' }>): {
  result: unknown;
  transfer?: ArrayBuffer[];
} {
  switch (request.call) {
    case 'open':
      tars.set(request.args.tar, openTar(request.args.source));
      return { result: null };
    case 'fill': {
      const { tar, buffer } = request.args;
      const length = tars.get(tar)?.read(Buffer.from(buffer)) ?? 0;
      return { result: { buffer, length }, transfer: [buffer] };
    }
    case 'close':
      close(request.args.tar);
      return { result: null };
    case 'deflate': {
      const { buffer, length } = request.args;
      const member = gzipMember(new Uint8Array(buffer, 0, length));
      return { result: { buffer, member }, transfer: [buffer, member.buffer] };
    }
    case 'look':
      return { result: quickDamage(request.args.source, scratch) };
    case 'measure':
      return { result: tarSize(request.args.source, scratch) };
    default:
      return answerTreeCall(request);
  }
}

function openTar(source: TarSource): LayerTar | TreeTar {
  return 'tarSplit' in source ? new LayerTar(source, scratch) : new TreeTar(source);
}

port.on('message', (request: ToExporter) => {
  if (request.call === 'quit') {
    for (const id of tars.keys()) close(id);
    abandonUntars();
    port.close();
    return;
  }
  const { id } = request;
  try {
    const { result, transfer = [] } = answer(request);
    port.postMessage({ id, result } satisfies FromExporter, transfer);
  } catch (error) {
    const code = error instanceof EngineError ? error.code : 'internal';
    port.postMessage({ id, error: { code, message: messageOf(error) } } satisfies FromExporter);
  }
});
