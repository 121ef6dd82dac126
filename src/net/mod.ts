export {
  formatIpv4,
  parseIpv4,
  parseIpv6,
  parseSubnet,
  type Subnet,
  subnetContains,
} from './ipam/address.ts';
export type * from './net.ts';
export { type NetOptions, openNet } from './open-net.ts';
export { PortError } from './ports/port-error.ts';
