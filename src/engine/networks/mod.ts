export type { NetworkUsers } from './context.ts';
export { type DefaultBridge, type EngineNetwork, LocalNetworks } from './local-networks.ts';
export type { NetworkCreateRequest, NetworksBackend } from './networks.ts';
