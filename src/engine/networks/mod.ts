export {
  type DefaultBridge,
  type EngineNetwork,
  LocalNetworks,
  type NetworkUsers,
} from './local-networks.ts';
export type { NetworksBackend } from './networks.ts';
