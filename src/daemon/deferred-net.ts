import { type Logger, messageOf } from '../base/mod.ts';
import type { Net } from '../net/mod.ts';

/**
 * A network whose opening goes on while the API answers already: running `nft` costs more than all else of a start.
 * Whatever needs the kernel's part waits for it, in the order in which it was asked for. A failure is logged once, and
 * is then the error of each set-up.
 */
export function deferredNet(net: Net, log: Logger): Net {
  let ready: Promise<void> = Promise.resolve();
  const then = (step: () => Promise<void>) => {
    ready = ready.then(step);
    return ready;
  };
  const inBackground = async (step: () => Promise<void>) => {
    then(step).catch(() => {});
  };
  return {
    open: () =>
      inBackground(async () => {
        await net.open().catch((error: unknown) => {
          log.error('cannot set up the network', { error: messageOf(error) });
          throw error;
        });
      }),
    ensureBridge: (network) => inBackground(() => net.ensureBridge(network)),
    // Running containers need their rules before anybody is answered; without one there is only litter to clear.
    restore: (live) =>
      live.length > 0 ? then(() => net.restore(live)) : inBackground(() => net.restore(live)),
    removeBridge: async (network) => {
      await ready;
      await net.removeBridge(network);
    },
    setUp: async (request) => {
      await ready;
      return await net.setUp(request);
    },
    tearDown: async (id, sandbox) => {
      await ready;
      await net.tearDown(id, sandbox);
    },
    takeDown: async (options) => {
      await ready.catch(() => {});
      await net.takeDown(options);
    },
    close: async () => {
      await ready.catch(() => {});
      await net.close();
    },
  };
}
