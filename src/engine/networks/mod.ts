export type { NetworksBackend } from './networks.ts';
export {
  type DefaultBridge,
  type EngineNetwork,
  type NetworkUsers,
  PredefinedNetworks,
} from './predefined-networks.ts';
