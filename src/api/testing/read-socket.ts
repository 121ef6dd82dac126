import type { Socket } from 'node:net';

/** Reads from `socket` until `enough` holds of everything read so far; what comes later waits for the next reader. */
export async function readUntil(socket: Socket, enough: (text: string) => boolean): Promise<string> {
  let text = '';
  return await new Promise((resolve) => {
    const onData = (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (!enough(text)) return;
      socket.off('data', onData);
      socket.pause();
      resolve(text);
    };
    socket.on('data', onData);
    socket.resume();
    socket.once('end', () => resolve(text));
  });
}

/** Asks again until it holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}
