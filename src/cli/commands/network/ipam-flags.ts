import { cut } from '../../container-options/cut.ts';
import { isIP } from '../../flags/ip.ts';

export interface IpamRow {
  Subnet: string;
  IPRange?: string;
  Gateway?: string;
  AuxiliaryAddresses?: Record<string, string>;
}

/**
 * Puts the flags about addresses together: each range, gateway and address goes to the subnet that it lies in. Compat:
 * docker/cli `createIPAMConfig`, with its sentences.
 */
export function ipamRows(flags: {
  subnets: readonly string[];
  ranges: readonly string[];
  gateways: readonly string[];
  auxAddresses: readonly string[];
}): IpamRow[] {
  const { subnets, ranges, gateways, auxAddresses } = flags;
  if (subnets.length < ranges.length || subnets.length < gateways.length) {
    throw new Error('every ip-range or gateway must have a corresponding subnet');
  }
  const rows: IpamRow[] = [];
  for (const subnet of subnets) {
    if (rows.some((row) => contains(subnet, row.Subnet) || contains(row.Subnet, subnet))) {
      throw new Error('multiple overlapping subnet configuration is not supported');
    }
    rows.push({ Subnet: subnet, AuxiliaryAddresses: {} });
  }
  const rowOf = (text: string, what: string) => {
    const found = rows.filter(({ Subnet }) => contains(Subnet, text)).at(-1);
    if (!found) throw new Error(`no matching subnet for ${what} ${text}`);
    return found;
  };
  for (const range of ranges) {
    const row = rowOf(range, 'range');
    if (row.IPRange) {
      throw new Error(
        `cannot configure multiple ranges (${range}, ${row.IPRange}) on the same subnet (${row.Subnet})`,
      );
    }
    row.IPRange = range;
  }
  for (const gateway of gateways) {
    const row = rowOf(gateway, 'gateway');
    if (row.Gateway) {
      throw new Error(
        `cannot configure multiple gateways (${gateway}, ${row.Gateway}) for the same subnet (${row.Subnet})`,
      );
    }
    row.Gateway = gateway;
  }
  for (const text of auxAddresses) {
    const [name, address] = cut(text, '=');
    Object.assign(rowOf(address, 'aux-address').AuxiliaryAddresses ?? {}, { [name]: address });
  }
  return rows;
}

/** Whether a subnet contains an address, or the address of another subnet. Throws for what is neither. */
function contains(subnet: string, text: string): boolean {
  const [base, length] = cidr(subnet);
  const address = text.includes('/') ? cidr(text)[0] : bytesOf(text);
  if (!address) throw new Error(`invalid IP address: ${text}`);
  if (!base || base.length !== address.length) return false;
  return base.every((byte, index) => {
    const bits = Math.max(0, Math.min(8, length - index * 8));
    const mask = (0xff00 >> bits) & 0xff;
    return (byte & mask) === ((address[index] ?? 0) & mask);
  });
}

function cidr(text: string): [number[] | undefined, number] {
  const [address, length, found] = cut(text, '/');
  const bytes = bytesOf(address);
  if (!found || !bytes || !/^\d{1,3}$/.test(length) || Number(length) > bytes.length * 8) {
    throw new Error(`invalid subnet: invalid CIDR address: ${text}`);
  }
  return [bytes, Number(length)];
}

/** Why not: `node:net` or `URL`, see `isIP`. */
function bytesOf(text: string): number[] | undefined {
  if (!isIP(text)) return undefined;
  if (!text.includes(':')) return text.split('.').map(Number);
  const [head = '', tail] = text.split('::');
  const front = groupBytes(head);
  if (tail === undefined) return front;
  const back = groupBytes(tail);
  return [...front, ...new Array<number>(16 - front.length - back.length).fill(0), ...back];
}

function groupBytes(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
