import { serveCalls, Travelling } from '../../../sys/mod.ts';
import { abandonUntars, answerTreeCalls } from '../../rootfs/files/answer-tree-call.ts';
import { TreeTar } from '../../rootfs/files/tree-tar.ts';
import { gzipMember } from './gzip-member.ts';
import { LayerTar } from './layer-tar.ts';
import type { ExportCalls } from './protocol.ts';
import { quickDamage } from './quick-damage.ts';
import { tarSize } from './tar-size.ts';

/** A thread that puts tars of layers together, compresses pieces of them, and works with the files of containers. */
const scratch = Buffer.alloc(64 * 1024);
const tars = new Map<number, LayerTar | TreeTar>();

function close(id: number): null {
  const tar = tars.get(id);
  tars.delete(id);
  tar?.[Symbol.dispose]();
  return null;
}

serveCalls<ExportCalls>(
  {
    open: ({ tar, source }) => {
      tars.set(tar, 'tarSplit' in source ? new LayerTar(source, scratch) : new TreeTar(source));
      return null;
    },
    fill: ({ tar, buffer }) => {
      const length = tars.get(tar)?.read(Buffer.from(buffer)) ?? 0;
      return new Travelling({ buffer, length }, [buffer]);
    },
    close: ({ tar }) => close(tar),
    deflate: ({ buffer, length }) => {
      const member = gzipMember(new Uint8Array(buffer, 0, length));
      return new Travelling({ buffer, member }, [buffer, member.buffer]);
    },
    look: ({ source }) => quickDamage(source, scratch),
    measure: ({ source }) => tarSize(source, scratch),
    ...answerTreeCalls,
  },
  () => {
    for (const id of tars.keys()) close(id);
    abandonUntars();
  },
);
