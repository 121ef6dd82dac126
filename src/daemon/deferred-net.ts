import { EngineError, type Logger, messageOf } from '../base/mod.ts';
import type { Net, Network } from '../net/mod.ts';

export interface DeferredNet extends Net {
  /** Resolves when what was asked for so far is done, or has failed. */
  settled(): Promise<void>;
  /** Why containers have no network, if so. */
  trouble(): string | undefined;
  /** The networks that are there when the daemon starts, the default one first: says at once that it is under way. */
  ensureAtStart(networks: readonly Network[]): void;
  /** `open` once more, of a network that was opened. */
  repair(): Promise<void>;
}

/**
 * A network whose opening goes on while the API answers already: running `nft` costs more than all else of a start.
 * Whatever needs the kernel's part waits for it, in the order in which it was asked for. A failure (no `nft`) is logged
 * once, is `trouble` from then on, and the error of each set-up that needs a network; the daemon serves all the same.
 */
export function deferredNet(net: Net, log: Logger): DeferredNet {
  let trouble: string | undefined;
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
          trouble = messageOf(error);
          log.error('cannot set up the network: containers have none', { error: trouble });
          throw new EngineError('unavailable', trouble, { cause: error });
        });
      }),
    ensureAtStart: (networks) => {
      for (const network of networks) {
        void inBackground(() =>
          net.ensureNetwork(network).catch((error: unknown) => {
            log.error('cannot set up a network', { network: network.name, error: messageOf(error) });
            // One of a user's own is missed by those in it alone.
            if (network === networks[0]) throw error;
          }),
        );
      }
    },
    ensureNetwork: async (network) => {
      await ready;
      await net.ensureNetwork(network);
    },
    // Running containers need their rules before anybody is answered; without one there is only litter to clear.
    restore: async (live) => {
      if (live.length === 0) return await inBackground(() => net.restore(live));
      await then(() => net.restore(live)).catch((error: unknown) => {
        // What they have in the kernel is there from before.
        if (trouble === undefined) throw error;
      });
    },
    hasInterface: async (name) => {
      await ready;
      return await net.hasInterface(name);
    },
    removeNetwork: async (network, options) => {
      await ready;
      await net.removeNetwork(network, options);
    },
    connect: async (id, endpoint, ports) => {
      await ready;
      return await net.connect(id, endpoint, ports);
    },
    rename: async (id, names) => {
      await ready.catch(() => {});
      await net.rename(id, names);
    },
    disconnect: async (id, endpointId, ports) => {
      await ready;
      return await net.disconnect(id, endpointId, ports);
    },
    setUp: async (request) => {
      // A namespace alone takes no more than the kernel.
      await (request.endpoints.length > 0 ? ready : ready.catch(() => {}));
      return await net.setUp(request);
    },
    updatePorts: async (id, ports) => {
      await ready;
      return await net.updatePorts(id, ports);
    },
    tearDown: async (id, sandbox) => {
      await ready.catch(() => {});
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
    settled: () => ready.catch(() => {}),
    trouble: () => trouble,
    repair: () => then(() => net.open()),
  };
}
