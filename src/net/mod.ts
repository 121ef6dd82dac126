export { isBridgeName } from './bridge/bridge.ts';
export { addressesOf, hostSubnets } from './ipam/host-subnets.ts';
export { type PlannedSubnet, planSubnets } from './ipam/plan-subnets.ts';
export { contains as prefixContains, formatAddress, formatPrefix, parsePrefix } from './ipam/prefix.ts';
export { type AddressPoolSetting, type SubnetPools, subnetPools } from './ipam/subnet-pools.ts';
export { linkOptions } from './links/link-options.ts';
export type * from './net.ts';
export { type NetOptions, openNet } from './open-net.ts';
export { endpointSysctlFaults } from './sandbox/endpoint-sysctls.ts';
