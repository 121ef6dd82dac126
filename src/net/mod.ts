export {
  formatIpv4,
  parseSubnet,
  type Subnet,
  subnetContains,
} from './ipam/address.ts';
export { hostSubnets } from './ipam/host-subnets.ts';
export { type PlannedSubnet, planSubnets } from './ipam/plan-subnets.ts';
export { type AddressPoolSetting, type SubnetPools, subnetPools } from './ipam/subnet-pools.ts';
export type * from './net.ts';
export { type NetOptions, openNet } from './open-net.ts';
