import type { Endpoint, EndpointRequest, Network } from '../net.ts';
import type { OpenSandbox } from './namespace.ts';

/**
 * What a network's driver does about the endpoints in it: `bridge` makes veth pairs, `macvlan` and `ipvlan` interfaces
 * on one of the host's. Which endpoint has the default route is decided above (`gateway.ts`).
 */
export interface EndpointDriver<N extends Network = Network> {
  /** Chooses and reserves addresses and names; nothing in the kernel yet. `interface` is the name inside. */
  allocate(request: EndpointRequest & { network: N }, interface_: string): Endpoint;
  /** Notes the reservations of an endpoint that is there from before. */
  adopt(endpoint: Endpoint): void;
  /** Gives the reservations back. */
  release(endpoint: Endpoint): void;
  /**
   * Makes the interface in the sandbox, up, with its addresses; with `gateway`, also the default routes of the families
   * that it names. On failure the interface may be left: it goes with the namespace, or by `remove`.
   */
  add(
    sandbox: OpenSandbox,
    endpoint: Endpoint,
    network: N,
    options: { gateway: { ipv4: boolean; ipv6: boolean } },
  ): void;
  /** Cuts the endpoint off at once; the interface goes with its namespace, pinned at `netns`. Idempotent. */
  cut(endpoint: Endpoint, netns: string): void | Promise<void>;
  /** Takes the interface out of a sandbox that lives on. Idempotent. */
  remove(sandbox: OpenSandbox, endpoint: Endpoint): Promise<void>;
  /** After a daemon start: puts right what can be without touching the container; false if the interface is gone. */
  repair(endpoint: Endpoint, network: N): boolean;
}
