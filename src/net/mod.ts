export { hostSubnets } from './ipam/host-subnets.ts';
export { planSubnets } from './ipam/plan-subnets.ts';
export { formatPrefix, parsePrefix } from './ipam/prefix.ts';
export { subnetPools } from './ipam/subnet-pools.ts';
export type * from './net.ts';
export { type NetOptions, openNet } from './open-net.ts';
