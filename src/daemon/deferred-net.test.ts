import { expect, test } from 'bun:test';
import { silentLogger } from '../base/mod.ts';
import type { Net, SandboxRequest } from '../net/mod.ts';
import { deferredNet } from './deferred-net.ts';

/** A net whose `open` ends when it is told, and which writes down what it was asked for. */
function slowNet() {
  const asked: string[] = [];
  const opening = Promise.withResolvers<void>();
  const note = (what: string) => async () => void asked.push(what);
  const net = {
    open: () => opening.promise.then(note('open')),
    ensureNetwork: note('bridge'),
    restore: note('restore'),
    setUp: note('setUp'),
    close: note('close'),
  } as unknown as Net;
  return { asked, opening, deferred: deferredNet(net, silentLogger) };
}

test('a start does not wait for the network, and the first sandbox does', async () => {
  const { asked, opening, deferred } = slowNet();
  await deferred.open();
  await deferred.restore([]);
  const setUp = deferred.setUp({ endpoints: [{}] } as SandboxRequest);
  expect(asked).toEqual([]);
  opening.resolve();
  await setUp;
  expect(asked).toEqual(['open', 'restore', 'setUp']);
});

test('a start with running containers waits for their rules', async () => {
  const { asked, opening, deferred } = slowNet();
  await deferred.open();
  const restored = deferred.restore([{} as never]);
  opening.resolve();
  await restored;
  expect(asked).toEqual(['open', 'restore']);
});

test('a network that cannot be opened is the error of each set-up that needs it, and of no start', async () => {
  const { asked, opening, deferred } = slowNet();
  await deferred.open();
  opening.reject(new Error('no nft'));
  await deferred.restore([{} as never]);
  expect(deferred.setUp({ endpoints: [{}] } as SandboxRequest)).rejects.toThrow('no nft');
  await deferred.setUp({ endpoints: [] as object[] } as SandboxRequest);
  expect(deferred.trouble()).toBe('no nft');
  await deferred.close();
  expect(asked).toEqual(['setUp', 'close']);
});
