import { closeSync, openSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { errnoOf, messageOf } from '../../base/mod.ts';
import { copyTree, diskUsage, must, removeTree, syncFilesystem } from '../../sys/mod.ts';
import type { DiskAnswer, DiskRequest } from './disk-protocol.ts';
import { joinLayer } from './join.ts';

const port = parentPort;
if (!port) throw new Error('disk-worker runs as a worker thread');

function answer(request: Exclude<DiskRequest, { call: 'quit' }>): unknown {
  switch (request.call) {
    case 'close':
      closeSync(request.args.fd);
      return null;
    case 'sync': {
      const fd = openSync(request.args.path, 'r');
      try {
        must('syncfs', syncFilesystem(fd), request.args.path);
      } finally {
        closeSync(fd);
      }
      return null;
    }
    case 'usage':
      return diskUsage(request.args.path);
    case 'remove':
      removeTree(request.args.path);
      return null;
    case 'join':
      joinLayer(request.args.directory, request.args.below);
      return null;
    case 'copyTree':
      copyTree(request.args.from, request.args.to);
      return null;
  }
}

port.on('message', (request: DiskRequest) => {
  if (request.call === 'quit') {
    port.close();
    return;
  }
  let reply: DiskAnswer;
  try {
    reply = { id: request.id, result: answer(request) };
  } catch (error) {
    const code = errnoOf(error);
    reply = { id: request.id, error: messageOf(error), ...(code === undefined ? {} : { code }) };
  }
  port.postMessage(reply);
});
