export {
  formatIpv4,
  parseSubnet,
  type Subnet,
  subnetContains,
} from './ipam/address.ts';
export type * from './net.ts';
export { type NetOptions, openNet } from './open-net.ts';
